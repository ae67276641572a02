import * as tf from "@tensorflow/tfjs-core";
import { type Bottleneck, passBottleneck } from "../autoencoder/bottleneck/bottleneck.js";
import type { Codec } from "../autoencoder/codec.js";
import type { Posterior } from "../autoencoder/encoder.js";
import { ConfigError } from "../errors.js";
import type { Noise } from "../noise.js";
import { type Distortion, squaredError } from "./distortions.js";
import type { OutputVariance } from "./output-variance.js";

export interface ObjectiveOptions {
  /** Where the bottleneck's random numbers come from. */
  noise: Noise;
  /** Default: the squared error, summed over a picture. */
  distortion?: Distortion;
  /** Default: the model's own. */
  bottleneck?: readonly Bottleneck[];
  /** A learned variance of the decoder; without it the distortion counts as it is. */
  outputVariance?: OutputVariance;
}

export interface Objective {
  /** `reconstruction + sum of weight * penalty`: sums over a picture, mean over the batch. */
  loss: tf.Scalar;
  /** The distortion, or the negative log likelihood with a learned variance. */
  reconstruction: tf.Scalar;
  /** The bottleneck's penalties by name, in their own units, without their weights. */
  penalties: Record<string, tf.Scalar>;
  /** What the encoder has said, and the decoder has got and made: for adversaries and more terms. */
  posterior: Posterior;
  latents: tf.Tensor4D;
  reconstructions: tf.Tensor4D;
}

/**
 * What an autoencoder with a bottleneck is trained on. Sums over a picture throughout, so that weights keep their
 * meaning when pictures or latents change their size: with the squared error and `[kl({ weight })]` the decoder's variance
 * is `weight / 2`, in Gaussian terms. Latent diffusion sums, too; codes that take means over pixels or latents need another
 * weight for the same model.
 *
 * @param pictures `[batch, height, width, channels]` in [-1, 1]
 * @throws ConfigError where neither the model nor the options have a bottleneck
 */
export function autoencoderObjective(
  model: Codec,
  pictures: tf.Tensor4D,
  { noise, distortion = squaredError, bottleneck = model.bottleneck, outputVariance }: ObjectiveOptions,
): Objective {
  if (!bottleneck) {
    throw new ConfigError(
      "ERR_OPTION_OUT_OF_RANGE",
      "The model has no bottleneck, so its penalties are unknown. Give one, for example bottleneck: [kl({ weight: 1e-6 })], or [] for a plain autoencoder.",
    );
  }
  // Left outside of a gradient, everything between would stay on the engine.
  return tf.tidy(() => {
    const posterior = model.encode(pictures);
    const passed = passBottleneck(bottleneck, posterior, { noise, training: true });
    const reconstructions = model.decode(passed.latents);
    const distance = distortion(pictures, reconstructions);
    const values = pictures.size / pictures.shape[0];
    const reconstruction = outputVariance?.negativeLogLikelihood(distance, values) ?? distance;
    let loss = reconstruction;
    const penalties: Record<string, tf.Scalar> = {};
    for (const [name, { value, weight }] of Object.entries(passed.penalties)) {
      penalties[name] = value;
      loss = tf.add(loss, tf.mul(value, weight));
    }
    return {
      loss,
      reconstruction,
      penalties,
      posterior: { ...posterior },
      latents: passed.latents,
      reconstructions,
    };
  }) as unknown as Objective;
}
