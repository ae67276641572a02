import * as tf from "@tensorflow/tfjs-core";

/**
 * Gradient of `Relu` by the result, so that the input need not be kept, and in one kernel, `ReluGrad`, where the
 * backend in use has one.
 */
export function registerReluGradient(): void {
  tf.unregisterGradient(tf.Relu);
  tf.registerGradient({
    kernelName: tf.Relu,
    outputsToSave: [true],
    gradFunc: (dy, [y]) => ({
      x: () => {
        const inputs = { dy: dy as tf.Tensor, y: y as tf.Tensor };
        if (tf.getKernel("ReluGrad", tf.getBackend())) return tf.engine().runKernel("ReluGrad", inputs);
        return tf.mul(inputs.dy, tf.step(inputs.y));
      },
    }),
  });
}
