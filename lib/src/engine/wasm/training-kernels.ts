import * as tf from "@tensorflow/tfjs-core";
import { convolveForFilterGradient, convolveForInputGradient } from "../composed-convolution.js";

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
}

type Shape4D = [number, number, number, number];

function computeGeometry(inputShape: Shape4D, filterShape: Shape4D, attributes: tf.NamedAttrMap) {
  const { strides, pad, dataFormat, dimRoundingMode } = attributes as unknown as tf.Conv2DBackpropInputAttrs;
  if (dataFormat === "NCHW") throw new Error("The wasm backend convolves NHWC tensors only.");
  return tf.backend_util.computeConv2DInfo(inputShape, filterShape, strides, 1, pad, dimRoundingMode);
}

type ComposedKernel = (inputs: tf.NamedTensorMap, attributes: tf.NamedAttrMap) => tf.Tensor;

function replaceKernel(kernelName: string, compose: ComposedKernel): void {
  const backendName = "wasm";
  if (tf.getKernel(kernelName, backendName)) tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({
    kernelName,
    backendName,
    // Kernels get real tensors from TensorFlow.js's operations, although their type promises only their description.
    kernelFunc: ({ inputs, attrs }) => compose(inputs as tf.NamedTensorMap, attrs ?? {}),
  });
}
