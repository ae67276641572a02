import * as tf from "@tensorflow/tfjs-core";
import { insertZeros } from "../zeros-between.js";

type Shape4D = [number, number, number, number];

/**
 * Gradients of `Conv2D`, also with dilations, which TensorFlow.js's own refuses, and of `FusedConv2D` (convolution
 * with bias) as a kernel. TensorFlow.js has the latter only inside `tf.fused.conv2d`, in a form that always computes
 * all gradients: also the one with respect to a batch of pictures, which nobody wants.
 */
export function registerConvolutionGradients(): void {
  tf.unregisterGradient(tf.Conv2D);
  tf.registerGradient({
    kernelName: tf.Conv2D,
    inputsToSave: ["x", "filter"],
    gradFunc: (dy, saved, attributes) => gradients(dy as tf.Tensor4D, saved, attributes),
  });
  tf.registerGradient({
    kernelName: tf.FusedConv2D,
    inputsToSave: ["x", "filter"],
    gradFunc: (dy, saved, attributes) => {
      const { activation } = attributes as unknown as tf.FusedConv2DAttrs;
      if (activation !== "linear") throw new Error(`FusedConv2D with ${activation} has no gradient.`);
      return {
        ...gradients(dy as tf.Tensor4D, saved, attributes),
        bias: () => tf.sum(dy as tf.Tensor, [0, 1, 2]),
      };
    },
  });
}

function gradients(dy: tf.Tensor4D, saved: tf.Tensor[], attributes: tf.NamedAttrMap) {
  const [x, filter] = saved as [tf.Tensor4D, tf.Tensor4D];
  const { dilations } = attributes as unknown as tf.Conv2DAttrs;
  const [rows, columns] = typeof dilations === "number" ? [dilations, dilations] : dilations;
  return {
    x: () => inputGradient(x.shape, dy, dilate(filter, rows, columns), attributes),
    filter: () => {
      const [height, width, channels, outChannels] = filter.shape;
      const spread: Shape4D = [(height - 1) * rows + 1, (width - 1) * columns + 1, channels, outChannels];
      const gradient = filterGradient(x, dy, spread, attributes);
      if (rows === 1 && columns === 1) return gradient;
      return tf.stridedSlice(gradient, [0, 0, 0, 0], spread, [rows, columns, 1, 1]) as tf.Tensor4D;
    },
  };
}

/** A dilated filter is a larger one with zeros in between. */
function dilate(filter: tf.Tensor4D, rows: number, columns: number): tf.Tensor4D {
  return insertZeros(insertZeros(filter, 0, rows), 1, columns);
}

function inputGradient(
  inputShape: Shape4D,
  dy: tf.Tensor4D,
  filter: tf.Tensor4D,
  attributes: tf.NamedAttrMap,
): tf.Tensor4D {
  const inputs = { dy, filter } as unknown as tf.NamedTensorMap;
  return tf.engine().runKernel(tf.Conv2DBackpropInput, inputs, { ...geometry(attributes), inputShape });
}

function filterGradient(
  x: tf.Tensor4D,
  dy: tf.Tensor4D,
  filterShape: Shape4D,
  attributes: tf.NamedAttrMap,
): tf.Tensor4D {
  const inputs = { x, dy } as unknown as tf.NamedTensorMap;
  return tf.engine().runKernel(tf.Conv2DBackpropFilter, inputs, { ...geometry(attributes), filterShape });
}

function geometry(attributes: tf.NamedAttrMap): tf.NamedAttrMap {
  const { strides, pad, dataFormat, dimRoundingMode } = attributes as unknown as tf.Conv2DAttrs;
  return { strides, pad, dataFormat, dimRoundingMode } as unknown as tf.NamedAttrMap;
}
