import * as tf from "@tensorflow/tfjs-core";

/** Geometry of one two-dimensional convolution, as `tf.backend_util.computeConv2DInfo` returns it. */
export type ConvolutionGeometry = ReturnType<typeof tf.backend_util.computeConv2DInfo>;

/**
 * Gradient of a convolution with respect to its filter, as one forward convolution.
 *
 * dw[i, j, c, o] = sum over n, y, x of input[n, y * stride + i, x * stride + j, c] * dy[n, y, x, o]: a convolution of
 * the input with dy as its filter, in which channels play the batch, the batch plays the channels, and the stride has
 * become the dilation.
 *
 * @param input `[batch, height, width, channels]`
 * @param dy gradient of the output, `[batch, outHeight, outWidth, outChannels]`
 * @returns `[filterHeight, filterWidth, channels, outChannels]`
 */
export function convolveForFilterGradient(
  input: tf.Tensor4D,
  dy: tf.Tensor4D,
  geometry: ConvolutionGeometry,
): tf.Tensor4D {
  return tf.tidy(() => {
    const { strideHeight, strideWidth } = geometry;
    const channelsAsBatch = tf.transpose(padToCoverage(input, geometry), [3, 1, 2, 0]);
    const dyAsFilter = tf.transpose(dy, [1, 2, 0, 3]);
    const gradient = tf.conv2d(channelsAsBatch, dyAsFilter, 1, "valid", "NHWC", [strideHeight, strideWidth]);
    return tf.transpose(gradient, [1, 2, 0, 3]);
  });
}

/**
 * Gradient of a convolution with respect to its input, as one forward convolution: dy with stride - 1 zeros between
 * its pixels, convolved with the filter turned by 180 degrees and its channels exchanged.
 *
 * @param dy gradient of the output, `[batch, outHeight, outWidth, outChannels]`
 * @param filter `[filterHeight, filterWidth, channels, outChannels]`
 * @returns `[batch, height, width, channels]`
 */
export function convolveForInputGradient(
  dy: tf.Tensor4D,
  filter: tf.Tensor4D,
  geometry: ConvolutionGeometry,
): tf.Tensor4D {
  return tf.tidy(() => {
    const { strideHeight, strideWidth, filterHeight, filterWidth, padInfo, inHeight, inWidth } = geometry;
    const spread = insertZeros(insertZeros(dy, 1, strideHeight), 2, strideWidth);
    const top = filterHeight - 1 - padInfo.top;
    const left = filterWidth - 1 - padInfo.left;
    const bottom = inHeight + filterHeight - 1 - top - spread.shape[1];
    const right = inWidth + filterWidth - 1 - left - spread.shape[2];
    const padded = padOrCrop(spread, [top, bottom], [left, right]);
    const turned = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]);
    return tf.conv2d(padded, turned, 1, "valid");
  });
}

/** Pads or crops the input to the pixels that the forward convolution reads. */
function padToCoverage(input: tf.Tensor4D, geometry: ConvolutionGeometry): tf.Tensor4D {
  const { padInfo, inHeight, inWidth, outHeight, outWidth } = geometry;
  const coveredHeight = (outHeight - 1) * geometry.strideHeight + geometry.filterHeight;
  const coveredWidth = (outWidth - 1) * geometry.strideWidth + geometry.filterWidth;
  const bottom = coveredHeight - inHeight - padInfo.top;
  const right = coveredWidth - inWidth - padInfo.left;
  return padOrCrop(input, [padInfo.top, bottom], [padInfo.left, right]);
}

/** Adds zeros at the borders; a negative amount takes pixels away. */
function padOrCrop(images: tf.Tensor4D, rows: [number, number], columns: [number, number]): tf.Tensor4D {
  const crop = (amount: number) => Math.max(-amount, 0);
  const grow = (amount: number) => Math.max(amount, 0);
  const [batch, height, width, channels] = images.shape;
  let result = images;
  if (Math.min(...rows, ...columns) < 0) {
    result = tf.slice(
      result,
      [0, crop(rows[0]), crop(columns[0]), 0],
      [batch, height - crop(rows[0]) - crop(rows[1]), width - crop(columns[0]) - crop(columns[1]), channels],
    );
  }
  if (Math.max(...rows, ...columns) <= 0) return result;
  return tf.pad(result, [
    [0, 0],
    [grow(rows[0]), grow(rows[1])],
    [grow(columns[0]), grow(columns[1])],
    [0, 0],
  ]);
}

/** Puts `stride - 1` zeros between neighbours along an axis: `size` becomes `(size - 1) * stride + 1`. */
function insertZeros(images: tf.Tensor4D, axis: 1 | 2, stride: number): tf.Tensor4D {
  if (stride === 1) return images;
  const shape = [...images.shape] as [number, number, number, number];
  const size = shape[axis];
  const behind = [...images.shape];
  behind.splice(axis + 1, 0, 1);
  const padding = behind.map((): [number, number] => [0, 0]);
  padding[axis + 1] = [0, stride - 1];
  shape[axis] = size * stride;
  const spread = tf.reshape(tf.pad(tf.reshape(images, behind), padding), shape) as tf.Tensor4D;
  shape[axis] = (size - 1) * stride + 1;
  return tf.slice(spread, [0, 0, 0, 0], shape) as tf.Tensor4D;
}
