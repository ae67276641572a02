import * as tf from "@tensorflow/tfjs-core";

/** Gradient of `tf.cumsum`. TensorFlow.js's own exchanges axes of the result unless the sums run along the last one. */
export function registerCumsumGradient(): void {
  tf.unregisterGradient(tf.Cumsum);
  tf.registerGradient({
    kernelName: tf.Cumsum,
    gradFunc: (dy, _saved, attributes) => {
      const { axis, exclusive, reverse } = attributes as unknown as tf.CumsumAttrs;
      return { x: () => tf.cumsum(dy as tf.Tensor, axis, exclusive, !reverse) };
    },
  });
}
