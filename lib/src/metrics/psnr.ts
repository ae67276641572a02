import type { Pictures } from "../data/image-set.js";
import { requireComparablePictures } from "./check.js";

const peak = 255;

/**
 * Peak signal-to-noise ratio of 8-bit pictures in dB: `10 log10(255^2 / mean squared error)`, with the mean over all
 * values of all pictures (not a mean of the pictures' ratios, which single easy pictures dominate).
 *
 * @param original `[count, height, width, channels]`, 0..255
 * @param reconstruction of the same shape
 * @returns `Infinity` for equal pictures
 * @throws DataError `ERR_SHAPE_MISMATCH` for different shapes, without pictures, or where data and shape do not fit
 */
export function psnr(original: Pictures, reconstruction: Pictures): number {
  const errors = squaredErrors(original, reconstruction);
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  return toDecibel(mean);
}

/**
 * The same for every picture by itself, in dB; the same errors.
 *
 * @param original `[count, height, width, channels]`, 0..255
 * @param reconstruction of the same shape
 * @throws what `psnr` throws
 */
export function psnrPerPicture(original: Pictures, reconstruction: Pictures): number[] {
  return squaredErrors(original, reconstruction).map(toDecibel);
}

function toDecibel(meanSquaredError: number): number {
  return 10 * Math.log10(peak ** 2 / meanSquaredError);
}

/** Mean squared error of every picture. */
function squaredErrors(original: Pictures, reconstruction: Pictures): number[] {
  requireComparablePictures(original, reconstruction);
  const [count, height, width, channels] = original.shape;
  const size = height * width * channels;
  return Array.from({ length: count }, (_, picture) => {
    let sum = 0;
    for (let index = picture * size; index < (picture + 1) * size; index++) {
      sum += ((original.data[index] as number) - (reconstruction.data[index] as number)) ** 2;
    }
    return sum / size;
  });
}
