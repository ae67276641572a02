import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import {
  type ConvolutionGeometry,
  convolveForFilterGradient,
  convolveForInputGradient,
} from "../composed-convolution.js";

const backendName = "wasm";

/**
 * Registers the kernels that the wasm backend lacks for training, or has only in a slow or wrong form, composed of
 * kernels that it has in a good one. Under their usual names, so that `tf.conv2d` and layers models train unchanged.
 */
export function registerTrainingKernels(): void {
  replaceKernel(tf.Conv2DBackpropFilter, () => ({ inputs, attrs }) => {
    const { x, dy } = inputs as { x: tf.Tensor4D; dy: tf.Tensor4D };
    const { filterShape } = attrs as unknown as tf.Conv2DBackpropFilterAttrs;
    return convolveForFilterGradient(x, dy, computeGeometry(x.shape, filterShape, attrs));
  });
  replaceKernel(tf.Conv2DBackpropInput, () => ({ inputs, attrs }) => {
    const { dy, filter } = inputs as { dy: tf.Tensor4D; filter: tf.Tensor4D };
    const { inputShape } = attrs as unknown as tf.Conv2DBackpropInputAttrs;
    return convolveForInputGradient(dy, filter, computeGeometry(inputShape, filter.shape, attrs));
  });
  replaceKernel(tf.Conv2D, (original) => (call) => {
    const pad = paddingForSparseFilters(call);
    return original(pad ? { ...call, attrs: { ...call.attrs, pad } } : call);
  });
  replaceKernel(tf.SplitV, (original) => (call) => splitVector(call) ?? original(call));
}

type Shape4D = [number, number, number, number];

function computeGeometry(
  inputShape: Shape4D,
  filterShape: Shape4D,
  attributes: tf.NamedAttrMap | undefined,
): ConvolutionGeometry {
  const { strides, pad, dataFormat, dimRoundingMode } = attributes as unknown as tf.Conv2DBackpropInputAttrs;
  if (dataFormat === "NCHW") throw new Error("The wasm backend convolves NHWC tensors only.");
  return tf.backend_util.computeConv2DInfo(inputShape, filterShape, strides, 1, pad, dimRoundingMode);
}

/**
 * With "same" padding and a filter smaller than its stride, some pixels are read by no output, and the backend
 * returns wrong numbers. Given in pixels, the same padding comes out right.
 */
function paddingForSparseFilters({ inputs, attrs }: KernelCall): [number, number][] | undefined {
  const { x, filter } = inputs as { x: tf.Tensor4D; filter: tf.Tensor4D };
  const { strides, pad, dilations } = attrs as unknown as tf.Conv2DAttrs;
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

/**
 * Cuts a vector up. The backend's own kernel copies the whole tensor for every part; with all parameters of a model
 * in one vector that takes longer than the rest of the optimiser's work.
 */
function splitVector({ inputs, attrs, backend }: KernelCall): tf.TensorInfo[] | undefined {
  const { x } = inputs as { x: tf.TensorInfo };
  const { numOrSizeSplits: sizes } = attrs as unknown as tf.SplitVAttrs;
  if (x.shape.length !== 1 || x.dtype === "string" || !Array.isArray(sizes) || sizes.includes(-1))
    return undefined;
  const wasm = backend as BackendWasm;
  let start = 0;
  return sizes.map((size) => {
    const part = wasm.makeOutput([size], x.dtype);
    // Views are taken after the allocation: that may move the heap.
    wasm.typedArrayFromHeap(part).set(wasm.typedArrayFromHeap(x).subarray(start, start + size));
    start += size;
    return part;
  });
}

type KernelCall = Parameters<tf.KernelFunc>[0];

/**
 * Kernels get real tensors from TensorFlow.js's operations, although their type promises only a description: hence
 * the casts above.
 */
function replaceKernel(kernelName: string, make: (original: tf.KernelFunc) => tf.KernelFunc): void {
  const config = tf.getKernel(kernelName, backendName);
  if (config) tf.unregisterKernel(kernelName, backendName);
  const missing: tf.KernelFunc = () => {
    throw new Error(`The wasm backend has no kernel ${kernelName}.`);
  };
  tf.registerKernel({ ...config, kernelName, backendName, kernelFunc: make(config?.kernelFunc ?? missing) });
}
