import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { convolveForFilterGradient, convolveForInputGradient } from "../composed-convolution.js";

const backendName = "wasm";

/**
 * Registers the kernels that the wasm backend lacks for training, or has only in a slow form, composed of kernels
 * that it has in a fast one. Under their usual names, so that `tf.conv2d` and layers models train unchanged.
 */
export function registerTrainingKernels(): void {
  replaceKernel(tf.Conv2DBackpropFilter, (inputs, attributes) => {
    const { x, dy } = inputs as { x: tf.Tensor4D; dy: tf.Tensor4D };
    const { filterShape } = attributes as unknown as tf.Conv2DBackpropFilterAttrs;
    return convolveForFilterGradient(x, dy, computeGeometry(x.shape, filterShape, attributes));
  });
  replaceKernel(tf.Conv2DBackpropInput, (inputs, attributes) => {
    const { dy, filter } = inputs as { dy: tf.Tensor4D; filter: tf.Tensor4D };
    const { inputShape } = attributes as unknown as tf.Conv2DBackpropInputAttrs;
    return convolveForInputGradient(dy, filter, computeGeometry(inputShape, filter.shape, attributes));
  });
  replaceSplit();
}

/**
 * The backend's own kernel copies the whole tensor for every part; with a model's parameters in one vector that is
 * the larger half of the optimiser's time.
 */
function splitVector(backend: BackendWasm, vector: tf.TensorInfo, sizes: number[]): tf.TensorInfo[] {
  let start = 0;
  return sizes.map((size) => {
    const part = backend.makeOutput([size], vector.dtype);
    // Views are taken after the allocation: that may move the heap.
    const values = backend.typedArrayFromHeap(vector).subarray(start, start + size);
    backend.typedArrayFromHeap(part).set(values);
    start += size;
    return part;
  });
}

type Shape4D = [number, number, number, number];

function computeGeometry(inputShape: Shape4D, filterShape: Shape4D, attributes: tf.NamedAttrMap) {
  const { strides, pad, dataFormat, dimRoundingMode } = attributes as unknown as tf.Conv2DBackpropInputAttrs;
  if (dataFormat === "NCHW") throw new Error("The wasm backend convolves NHWC tensors only.");
  return tf.backend_util.computeConv2DInfo(inputShape, filterShape, strides, 1, pad, dimRoundingMode);
}

function replaceSplit(): void {
  const original = tf.getKernel(tf.SplitV, backendName);
  tf.unregisterKernel(tf.SplitV, backendName);
  tf.registerKernel({
    ...original,
    kernelFunc: ({ inputs, attrs, backend }) => {
      const { x } = inputs as { x: tf.TensorInfo };
      const { numOrSizeSplits: sizes } = attrs as unknown as tf.SplitVAttrs;
      const isPlain =
        x.shape.length === 1 && x.dtype !== "string" && Array.isArray(sizes) && !sizes.includes(-1);
      return isPlain
        ? splitVector(backend as BackendWasm, x, sizes)
        : original.kernelFunc({ inputs, attrs, backend });
    },
  });
}

type ComposedKernel = (inputs: tf.NamedTensorMap, attributes: tf.NamedAttrMap) => tf.Tensor;

function replaceKernel(kernelName: string, compose: ComposedKernel): void {
  if (tf.getKernel(kernelName, backendName)) tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({
    kernelName,
    backendName,
    // Kernels get real tensors from TensorFlow.js's operations, although their type promises only their description.
    kernelFunc: ({ inputs, attrs }) => compose(inputs as tf.NamedTensorMap, attrs ?? {}),
  });
}
