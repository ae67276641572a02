import * as tf from "@tensorflow/tfjs-core";
import { stopGradient, valueAndGradients } from "../engine/index.js";
import { requireNumber } from "../options.js";

/** latent diffusion's guard of the division, and its bound. */
const guard = 1e-4;
const largest = 1e4;

/**
 * How much an adversary may say: the ratio of the two losses' gradients at the decoder's last layer, so that the
 * adversary pulls as strongly as the reconstruction, `|grad nll| / (|grad g| + 1e-4)`, at most 1e4 (Esser et al.
 * 2021, arXiv:2012.09841, equation 7; latent diffusion's `calculate_adaptive_weight`). A constant: no gradient passes
 * through it.
 *
 * Call it inside of the function that `engine.valueAndGradients` differentiates, with losses that were computed
 * there: only the way back to this layer is gone once more.
 *
 * @param reconstruction the reconstruction loss
 * @param adversarial the generator's loss
 * @param lastLayer the filters of the decoder's last convolution, `parameters["decoder.conv_out.weight"]`:
 *   `[filterHeight, filterWidth, channels, imageChannels]`
 * @throws EngineError `ERR_ENGINE_NOT_IN_USE` before `engine.use()`
 */
export function adaptiveWeight(
  reconstruction: tf.Scalar,
  adversarial: tf.Scalar,
  lastLayer: tf.Variable,
): tf.Scalar {
  return tf.tidy(() => {
    const [ofReconstruction, ofAdversary] = [reconstruction, adversarial].map((loss) => {
      const { gradients } = valueAndGradients(() => loss, { lastLayer });
      const gradient = gradients.lastLayer;
      return gradient ? tf.norm(stopGradient(gradient)) : tf.scalar(0);
    }) as [tf.Scalar, tf.Scalar];
    const ratio = tf.div(ofReconstruction, tf.add(ofAdversary, guard));
    return stopGradient(tf.clipByValue(ratio, 0, largest)) as tf.Scalar;
  });
}

/**
 * 0 for the first `start` steps, then 1: latent diffusion's `adopt_weight`, which leaves the autoencoder alone until it
 * has learned to reconstruct. There the discriminator waits, too. In `train`, as a setting of the autoencoder's loss and
 * as the discriminator's turn:
 *
 *     settings: { adversary: (step) => 0.5 * delayedStart(step, 50_000) },
 *     networks: { autoencoder, discriminator: { ..., turn: (step) => delayedStart(step, 50_000) === 1 } },
 *
 * (Latent diffusion multiplies the discriminator's loss by 0 while it waits, so that its Adam counts those steps and takes
 * larger ones at first. Multiply by a setting instead of a `turn` for that.)
 *
 * @param step counted from 1, as by every schedule
 * @throws ConfigError for a `start` below 0
 */
export function delayedStart(step: number, start: number): 0 | 1 {
  requireNumber("start", start, 0);
  return step <= start ? 0 : 1;
}
