import * as tf from "@tensorflow/tfjs-core";
import {
  type ConvolutionGeometry,
  convolveForFilterGradient,
  convolveForInputGradient,
} from "../composed-convolution.js";
import type { Helper } from "./helper.js";
import { type KernelCall, replaceKernel } from "./kernel.js";
import { splitBatch } from "./split-batch.js";

type Shape4D = [number, number, number, number];

/**
 * Gradients of convolutions from forward convolutions, since the backend lacks one of them and the other is slow; the
 * larger of all convolutions on several threads.
 */
export function registerConvolutions(helpers: readonly Helper[]): void {
  replaceKernel(tf.Conv2DBackpropFilter, ({ inputs, attributes }) => {
    const { x, dy } = inputs as { x: tf.Tensor4D; dy: tf.Tensor4D };
    const { filterShape } = attributes as unknown as tf.Conv2DBackpropFilterAttrs;
    return convolveForFilterGradient(x, dy, computeGeometry(x.shape, filterShape, attributes));
  });
  replaceKernel(tf.Conv2DBackpropInput, ({ inputs, attributes }) => {
    const { dy, filter } = inputs as { dy: tf.Tensor4D; filter: tf.Tensor4D };
    const { inputShape } = attributes as unknown as tf.Conv2DBackpropInputAttrs;
    return convolveForInputGradient(dy, filter, computeGeometry(inputShape, filter.shape, attributes));
  });
  for (const kernelName of [tf.Conv2D, tf.FusedConv2D]) {
    replaceKernel(kernelName, (call) => {
      const pad = paddingForSparseFilters(call) ?? (call.attributes as unknown as tf.Conv2DAttrs).pad;
      const convolution = { ...call, attributes: { ...call.attributes, pad } };
      return splitBatch(kernelName, convolution, helpers) ?? call.original(convolution);
    });
  }
}

function computeGeometry(
  inputShape: Shape4D,
  filterShape: Shape4D,
  attributes: tf.NamedAttrMap,
): ConvolutionGeometry {
  const { strides, pad, dataFormat, dimRoundingMode } = attributes as unknown as tf.Conv2DBackpropInputAttrs;
  if (dataFormat === "NCHW") throw new Error("The wasm backend convolves NHWC tensors only.");
  return tf.backend_util.computeConv2DInfo(inputShape, filterShape, strides, 1, pad, dimRoundingMode);
}

/**
 * With "same" padding and a filter smaller than its stride, some pixels are read by no output, and the backend
 * returns wrong numbers. Given in pixels, the same padding comes out right.
 */
function paddingForSparseFilters({ inputs, attributes }: KernelCall): [number, number][] | undefined {
  const { x, filter } = inputs as { x: tf.Tensor4D; filter: tf.Tensor4D };
  const { strides, pad, dilations } = attributes as unknown as tf.Conv2DAttrs;
  const [rowStride, columnStride] = typeof strides === "number" ? [strides, strides] : strides;
  if (pad !== "same" || (filter.shape[0] >= rowStride && filter.shape[1] >= columnStride)) return undefined;
  const { padInfo } = tf.backend_util.computeConv2DInfo(x.shape, filter.shape, strides, dilations, pad);
  return [
    [0, 0],
    [padInfo.top, padInfo.bottom],
    [padInfo.left, padInfo.right],
    [0, 0],
  ];
}
