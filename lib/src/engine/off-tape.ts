import * as tf from "@tensorflow/tfjs-core";

/**
 * The same numbers as a tensor that TensorFlow.js's tape knows nothing of: gradients end here. It shares the data,
 * and nothing is computed; `tf.customGrad` with a gradient of zeros would carry those zeros through all that came
 * before.
 */
export function offTape<Shape extends tf.Tensor>(x: Shape): Shape {
  const engine = tf.engine();
  const identity = tf.getKernel(tf.Identity, tf.getBackend());
  // The kernel itself: `engine.runKernel` would record it.
  const info = identity.kernelFunc({ inputs: { x }, attrs: {}, backend: engine.backend }) as tf.TensorInfo;
  return engine.makeTensorFromTensorInfo(info) as Shape;
}
