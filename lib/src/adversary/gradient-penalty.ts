import * as tf from "@tensorflow/tfjs-core";
import { inputGradient } from "../engine/index.js";

export interface PenalisedLogits {
  /** What the discriminator says, in its own shape. */
  logits: tf.Tensor;
  /** Squared length of its gradient with respect to a picture, mean over the batch. */
  penalty: tf.Scalar;
}

/**
 * Zero-centred gradient penalty: `mean over pictures of |d D(x) / dx|^2`, D(x) being the sum of the picture's logits.
 * On true pictures it is called R1 (Mescheder et al. 2018, arXiv:1801.04406, equation 9), on the others R2 (equation
 * 10), there and in R3GAN (arXiv:2501.05441) with the weight gamma / 2. Differentiable with respect to the
 * discriminator's parameters inside `engine.valueAndGradients`, on every engine.
 *
 * The discriminator has to judge every picture by itself: with batch normalisation the gradients of different
 * pictures mix.
 *
 * @param discriminator pictures to logits `[batch, ...]`
 * @param pictures `[batch, height, width, channels]`; they count as constants
 * @throws Error where the logits do not depend on the pictures; EngineError `ERR_ENGINE_NOT_IN_USE` before
 *   `engine.use()`
 */
export function gradientPenalty(
  discriminator: (pictures: tf.Tensor4D) => tf.Tensor,
  pictures: tf.Tensor4D,
): PenalisedLogits {
  return tf.tidy(() => {
    const { value, gradient } = inputGradient(discriminator, pictures);
    const penalty = tf.div(tf.sum(tf.square(gradient)), pictures.shape[0]) as tf.Scalar;
    return { logits: value, penalty };
  }) as unknown as PenalisedLogits;
}
