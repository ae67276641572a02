import type * as tf from "@tensorflow/tfjs-core";
import type { Parameters } from "../nn/parameters.js";

/**
 * A discriminator with its losses. In a training step the model's loss gets `generatorLoss` of its reconstructions,
 * and the discriminator, with an optimiser of its own, learns by `discriminatorLoss` of the same ones, computed
 * outside of the function that is differentiated or cut off by `engine.stopGradient`.
 */
export interface Adversary {
  /** What the discriminator learns. */
  readonly parameters: Parameters;
  /**
   * What the model is to make small: that its pictures look unlike true ones.
   *
   * @param real pictures `[batch, height, width, channels]` in [-1, 1]
   * @param fake as many reconstructions or samples
   */
  generatorLoss(real: tf.Tensor4D, fake: tf.Tensor4D): tf.Scalar;
  /** What the discriminator is to make small: that it takes one for the other. Gradients do not pass to `fake`. */
  discriminatorLoss(real: tf.Tensor4D, fake: tf.Tensor4D): DiscriminatorLoss;
  /** Frees the parameters. */
  dispose(): void;
}

export interface DiscriminatorLoss {
  loss: tf.Scalar;
  /** Mean of what the discriminator says of true pictures; it grows with its confidence. */
  realLogits: tf.Scalar;
  /** Mean of what it says of the others. */
  fakeLogits: tf.Scalar;
  /** Penalties on its gradients without their weights, where it has some. */
  penalties: Record<string, tf.Scalar>;
}
