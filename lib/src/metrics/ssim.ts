import type { Pictures } from "../data/image-set.js";
import { requireCount } from "../statistics/check.js";
import { requireComparablePictures } from "./check.js";

const windowSize = 11;
const sigma = 1.5;
/** They keep the quotients finite where a window is flat: `(K1 255)^2` and `(K2 255)^2`. */
const stabiliserOfMeans = (0.01 * 255) ** 2;
const stabiliserOfVariances = (0.03 * 255) ** 2;

/**
 * Structural similarity of 8-bit pictures: 1 for equal ones, around 0 for unrelated ones. Mean over all pictures.
 *
 * Wang, Bovik, Sheikh and Simoncelli 2004, IEEE Transactions on Image Processing 13(4), equation 13, with the paper's window
 * (Gaussian, 11 x 11, sigma 1.5) at all positions where it lies wholly within the picture. Colour channels are measured
 * one by one and averaged.
 *
 * @param original `[count, height, width, channels]`, 0..255
 * @param reconstruction of the same shape
 * @throws DataError `ERR_SHAPE_MISMATCH` for different shapes, without pictures, or where data and shape do not fit;
 *   `ERR_TOO_FEW_SAMPLES` for pictures of less than 11 x 11 pixels
 */
export function ssim(original: Pictures, reconstruction: Pictures): number {
  const values = ssimPerPicture(original, reconstruction);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * The same for every picture by itself.
 *
 * @param original `[count, height, width, channels]`, 0..255
 * @param reconstruction of the same shape
 * @throws what `ssim` throws
 */
export function ssimPerPicture(original: Pictures, reconstruction: Pictures): number[] {
  requireComparablePictures(original, reconstruction);
  const [count, height, width, channels] = original.shape;
  requireCount("pixels on the pictures' shorter side", Math.min(height, width), windowSize);
  const plane = (pictures: Pictures, picture: number, channel: number) =>
    Float64Array.from(
      { length: height * width },
      (_, pixel) => pictures.data[(picture * height * width + pixel) * channels + channel] as number,
    );
  return Array.from({ length: count }, (_, picture) => {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) {
      sum += ssimOfPlanes(plane(original, picture, channel), plane(reconstruction, picture, channel), width);
    }
    return sum / channels;
  });
}

function ssimOfPlanes(first: Float64Array, second: Float64Array, width: number): number {
  const product = (a: Float64Array, b: Float64Array) => a.map((value, index) => value * (b[index] as number));
  const meansFirst = blur(first, width);
  const meansSecond = blur(second, width);
  const squaresFirst = blur(product(first, first), width);
  const squaresSecond = blur(product(second, second), width);
  const products = blur(product(first, second), width);
  let sum = 0;
  for (let index = 0; index < meansFirst.length; index++) {
    const [meanFirst, meanSecond] = [meansFirst[index] as number, meansSecond[index] as number];
    const varianceFirst = (squaresFirst[index] as number) - meanFirst ** 2;
    const varianceSecond = (squaresSecond[index] as number) - meanSecond ** 2;
    const covariance = (products[index] as number) - meanFirst * meanSecond;
    sum +=
      ((2 * meanFirst * meanSecond + stabiliserOfMeans) * (2 * covariance + stabiliserOfVariances)) /
      ((meanFirst ** 2 + meanSecond ** 2 + stabiliserOfMeans) *
        (varianceFirst + varianceSecond + stabiliserOfVariances));
  }
  return sum / meansFirst.length;
}

const weights = gaussianWeights();

function gaussianWeights(): Float64Array {
  const centre = (windowSize - 1) / 2;
  const values = Float64Array.from({ length: windowSize }, (_, index) =>
    Math.exp(-((index - centre) ** 2) / (2 * sigma ** 2)),
  );
  const sum = values.reduce((total, value) => total + value, 0);
  return values.map((value) => value / sum);
}

/** Weighted means of all whole windows: first along the rows, then along the columns. */
function blur(plane: Float64Array, width: number): Float64Array {
  const height = plane.length / width;
  const newWidth = width - windowSize + 1;
  const newHeight = height - windowSize + 1;
  const rows = new Float64Array(height * newWidth);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < newWidth; x++) {
      let sum = 0;
      for (let tap = 0; tap < windowSize; tap++)
        sum += (weights[tap] as number) * (plane[y * width + x + tap] as number);
      rows[y * newWidth + x] = sum;
    }
  }
  const result = new Float64Array(newHeight * newWidth);
  for (let index = 0; index < result.length; index++) {
    let sum = 0;
    for (let tap = 0; tap < windowSize; tap++)
      sum += (weights[tap] as number) * (rows[index + tap * newWidth] as number);
    result[index] = sum;
  }
  return result;
}
