import * as tf from "@tensorflow/tfjs-core";

/**
 * Gradients of `Sum` and `Mean`: dy times ones, as in TensorFlow.js's own, but with ones that the engine makes. There
 * they are filled in JavaScript and uploaded at every step.
 */
export function registerReductionGradients(): void {
  replace(tf.Sum, (dy) => dy);
  replace(tf.Mean, (dy, count) => tf.div(dy, count));
}

function replace(kernelName: string, scale: (dy: tf.Tensor, count: number) => tf.Tensor): void {
  tf.unregisterGradient(kernelName);
  tf.registerGradient({
    kernelName,
    inputsToSave: ["x"],
    gradFunc: (dy, saved, attributes) => {
      const { shape } = saved[0] as tf.Tensor;
      const axes = tf.util.parseAxisParam((attributes as unknown as tf.SumAttrs).axis, shape);
      const kept = shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
      const count = axes.reduce((product, axis) => product * (shape[axis] as number), 1);
      return { x: () => tf.mul(tf.reshape(scale(dy as tf.Tensor, count), kept), tf.fill(shape, 1)) };
    },
  });
}
