import * as tf from "@tensorflow/tfjs-core";

/**
 * Whether a gradient is being taken inside of another. Gradients written out by `tf.customGrad` are right once: what
 * they save from the forward pass counts as constants when they are differentiated themselves.
 */
export function isDifferentiatedTwice(): boolean {
  return tf.engine().state.gradientDepth > 1;
}
