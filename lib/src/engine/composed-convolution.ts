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
 * Gradient of a convolution with respect to its input, as one forward convolution of dy.
 *
 * Along one axis, y = stride * q + p being a pixel of the input in phase p < stride:
 * dx[y] = sum over t of dy[q - t] * filter[stride * t + p + padding]. Every phase is a convolution of dy with a part of
 * the filter. All of them together are one convolution with stride * stride times as many channels, which are then
 * laid out as pixels. The usual way, zeros between the pixels of dy, multiplies mostly by zero.
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
    const [batch, outHeight, outWidth] = dy.shape;
    const channels = filter.shape[2];
    const rows = phasesOf(filterHeight, strideHeight, padInfo.top);
    const columns = phasesOf(filterWidth, strideWidth, padInfo.left);
    const blocksDown = Math.ceil(inHeight / strideHeight);
    const blocksRight = Math.ceil(inWidth / strideWidth);
    // Position q of the result reads dy from q - last to q - first.
    const padded = padOrCrop(
      dy,
      [rows.last, blocksDown - rows.first - outHeight],
      [columns.last, blocksRight - columns.first - outWidth],
    );
    const phases = tf.conv2d(padded, phaseFilter(filter, rows, columns), 1, "valid");
    if (strideHeight === 1 && strideWidth === 1) return phases;
    const blocks = tf.reshape(phases, [batch, blocksDown, blocksRight, strideHeight, strideWidth, channels]);
    const pixels = tf.reshape(tf.transpose(blocks, [0, 1, 3, 2, 4, 5]), [
      batch,
      blocksDown * strideHeight,
      blocksRight * strideWidth,
      channels,
    ]) as tf.Tensor4D;
    if (pixels.shape[1] === inHeight && pixels.shape[2] === inWidth) return pixels;
    return tf.slice(pixels, [0, 0, 0, 0], [batch, inHeight, inWidth, channels]);
  });
}

/** The taps along one axis that the phases of `convolveForInputGradient` reach: t from `first` to `last`. */
interface Phases {
  stride: number;
  first: number;
  last: number;
  /** Zeros to be put before and after the filter, so that `stride` taps belong to every t. */
  before: number;
  after: number;
}

function phasesOf(filterSize: number, stride: number, padding: number): Phases {
  const first = -Math.floor((stride - 1 + padding) / stride);
  const last = Math.max(Math.floor((filterSize - 1 - padding) / stride), first);
  const before = -(stride * first + padding);
  const after = stride * (last - first + 1) - before - filterSize;
  return { stride, first, last, before, after };
}

/** `[height, width, channels, outChannels]` to `[t rows, t columns, outChannels, phases * channels]`, last t first. */
function phaseFilter(filter: tf.Tensor4D, rows: Phases, columns: Phases): tf.Tensor4D {
  const [, , channels, outChannels] = filter.shape;
  const countRows = rows.last - rows.first + 1;
  const countColumns = columns.last - columns.first + 1;
  const exchanged = tf.transpose(filter, [0, 1, 3, 2]);
  const padded = padOrCrop(exchanged, [rows.before, rows.after], [columns.before, columns.after], 0);
  const parts = tf.reshape(padded, [
    ...[countRows, rows.stride, countColumns, columns.stride],
    ...[outChannels, channels],
  ]);
  const ordered = tf.reshape(tf.transpose(parts, [0, 2, 4, 1, 3, 5]), [
    countRows,
    countColumns,
    outChannels,
    rows.stride * columns.stride * channels,
  ]) as tf.Tensor4D;
  return tf.reverse(ordered, [0, 1]);
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

type Amounts = [before: number, after: number];
type Shape4D = [number, number, number, number];

/** Adds zeros before and after two neighbouring axes, the first at `axis`; a negative amount takes values away. */
export function padOrCrop(
  tensor: tf.Tensor4D,
  rows: Amounts,
  columns: Amounts,
  axis: 0 | 1 = 1,
): tf.Tensor4D {
  const none: Amounts = [0, 0];
  const amounts = axis === 0 ? [rows, columns, none, none] : [none, rows, columns, none];
  const cut = amounts.map(([before, after]) => [Math.max(-before, 0), Math.max(-after, 0)] as const);
  let result = tensor;
  if (cut.flat().some((amount) => amount > 0)) {
    const start = cut.map(([before]) => before) as Shape4D;
    const size = cut.map(
      ([before, after], axis) => (tensor.shape[axis] as number) - before - after,
    ) as Shape4D;
    result = tf.slice(tensor, start, size);
  }
  if (Math.max(...rows, ...columns) <= 0) return result;
  return tf.pad(
    result,
    amounts.map(([before, after]): Amounts => [Math.max(before, 0), Math.max(after, 0)]),
  );
}
