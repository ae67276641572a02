import * as tf from "@tensorflow/tfjs-core";
import { replaceKernel, valuesOf } from "./kernel.js";

/** The gradient of max pooling: the backend's own takes 0 for the maximum of a window of negative numbers. */
export function registerPooling(): void {
  replaceKernel(tf.MaxPoolGrad, ({ inputs, attributes, backend }) => {
    const { dy, input } = inputs as { dy: tf.Tensor4D; input: tf.Tensor4D };
    const { filterSize, strides, pad, dimRoundingMode } = attributes as unknown as tf.MaxPoolGradAttrs;
    const geometry = tf.backend_util.computePool2DInfo(
      input.shape,
      filterSize,
      strides,
      1,
      pad,
      dimRoundingMode,
    );
    const dx = backend.makeOutput(input.shape, "float32");
    const slopes = valuesOf(backend, dx).fill(0);
    const values = valuesOf(backend, input);
    const { outHeight, outWidth, inChannels } = geometry;
    let position = 0;
    for (const slope of valuesOf(backend, dy)) {
      const channel = position % inChannels;
      const column = Math.floor(position / inChannels) % outWidth;
      const row = Math.floor(position / (inChannels * outWidth)) % outHeight;
      const picture = Math.floor(position / (inChannels * outWidth * outHeight));
      const largest = findLargest(values, geometry, picture, row, column, channel);
      if (largest >= 0) (slopes[largest] as number) += slope;
      position += 1;
    }
    return dx;
  });
}

/** Where in the input the largest number of one window is, the first of several; -1 for a window of padding alone. */
function findLargest(
  values: ArrayLike<number>,
  geometry: ReturnType<typeof tf.backend_util.computePool2DInfo>,
  picture: number,
  outRow: number,
  outColumn: number,
  channel: number,
): number {
  const { inHeight, inWidth, inChannels, strideHeight, strideWidth, padInfo } = geometry;
  const firstRow = outRow * strideHeight - padInfo.top;
  const firstColumn = outColumn * strideWidth - padInfo.left;
  const lastRow = Math.min(firstRow + geometry.filterHeight, inHeight) - 1;
  const lastColumn = Math.min(firstColumn + geometry.filterWidth, inWidth) - 1;
  let largest = -1;
  for (let row = Math.max(firstRow, 0); row <= lastRow; row++) {
    for (let column = Math.max(firstColumn, 0); column <= lastColumn; column++) {
      const at = ((picture * inHeight + row) * inWidth + column) * inChannels + channel;
      if (largest < 0 || (values[at] as number) > (values[largest] as number)) largest = at;
    }
  }
  return largest;
}
