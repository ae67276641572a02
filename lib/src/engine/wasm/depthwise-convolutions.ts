import * as tf from "@tensorflow/tfjs-core";
import { padOrCrop } from "../composed-convolution.js";
import { insertZeros } from "../zeros-between.js";
import { replaceKernel } from "./kernel.js";

type Shape4D = [number, number, number, number];
type Geometry = ReturnType<typeof tf.backend_util.computeConv2DInfo>;

/** Gradients of depthwise convolutions, which the backend lacks. */
export function registerDepthwiseConvolutions(): void {
  replaceKernel(tf.DepthwiseConv2dNativeBackpropFilter, ({ inputs, attributes }) => {
    const { x, dy } = inputs as { x: tf.Tensor4D; dy: tf.Tensor4D };
    const { filterShape } = attributes as unknown as tf.DepthwiseConv2dNativeBackpropFilterAttrs;
    return filterGradient(x, dy, filterShape, computeGeometry(x.shape, filterShape, attributes));
  });
  replaceKernel(tf.DepthwiseConv2dNativeBackpropInput, ({ inputs, attributes }) => {
    const { dy, filter } = inputs as { dy: tf.Tensor4D; filter: tf.Tensor4D };
    const { inputShape } = attributes as unknown as tf.DepthwiseConv2dNativeBackpropInputAttrs;
    return inputGradient(dy, filter, computeGeometry(inputShape, filter.shape, attributes));
  });
}

function computeGeometry(inputShape: Shape4D, filterShape: Shape4D, attributes: tf.NamedAttrMap): Geometry {
  // TensorFlow.js has no gradient of a dilated one.
  const { strides, pad, dimRoundingMode } =
    attributes as unknown as tf.DepthwiseConv2dNativeBackpropInputAttrs;
  return tf.backend_util.computeConv2DInfo(inputShape, filterShape, strides, 1, pad, dimRoundingMode, true);
}

/**
 * dw[i, j, c, m] = sum over n, y, x of input[n, y * stride + i, x * stride + j, c] * dy[n, y, x, c, m]: a strided
 * picture for each tap of the filter.
 */
function filterGradient(
  x: tf.Tensor4D,
  dy: tf.Tensor4D,
  filterShape: Shape4D,
  geometry: Geometry,
): tf.Tensor {
  const { strideHeight, strideWidth, padInfo } = geometry;
  const [filterHeight, filterWidth, channels, multiplier] = filterShape;
  const [batch, outHeight, outWidth] = dy.shape;
  const rows = (outHeight - 1) * strideHeight + 1;
  const columns = (outWidth - 1) * strideWidth + 1;
  const padded = padOrCrop(
    x,
    [padInfo.top, rows + filterHeight - 1 - geometry.inHeight - padInfo.top],
    [padInfo.left, columns + filterWidth - 1 - geometry.inWidth - padInfo.left],
  );
  const positions = batch * outHeight * outWidth;
  const gradient = tf.reshape(dy, [positions, channels, multiplier]);
  const taps: tf.Tensor[] = [];
  for (let row = 0; row < filterHeight; row++) {
    for (let column = 0; column < filterWidth; column++) {
      const end = [batch, row + rows, column + columns, channels];
      const seen = tf.stridedSlice(padded, [0, row, column, 0], end, [1, strideHeight, strideWidth, 1]);
      taps.push(tf.sum(tf.mul(tf.reshape(seen, [positions, channels, 1]), gradient), 0));
    }
  }
  return tf.reshape(tf.stack(taps), filterShape);
}

/** A depthwise convolution of dy, with zeros between its pixels, by the filter turned round. */
function inputGradient(dy: tf.Tensor4D, filter: tf.Tensor4D, geometry: Geometry): tf.Tensor {
  const { strideHeight, strideWidth, padInfo, inHeight, inWidth } = geometry;
  const [filterHeight, filterWidth, channels, multiplier] = filter.shape;
  const spread = insertZeros(insertZeros(dy, 1, strideHeight), 2, strideWidth);
  const [top, left] = [filterHeight - 1 - padInfo.top, filterWidth - 1 - padInfo.left];
  const padded = padOrCrop(
    spread,
    [top, inHeight + filterHeight - 1 - top - spread.shape[1]],
    [left, inWidth + filterWidth - 1 - left - spread.shape[2]],
  );
  const turned = tf.reshape(tf.reverse(filter, [0, 1]), [
    filterHeight,
    filterWidth,
    channels * multiplier,
    1,
  ]) as tf.Tensor4D;
  const perOutput = tf.depthwiseConv2d(padded, turned, 1, "valid");
  return tf.sum(tf.reshape(perOutput, [dy.shape[0], inHeight, inWidth, channels, multiplier]), 4);
}
