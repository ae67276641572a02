import * as tf from "@tensorflow/tfjs-core";
import { klDivergence } from "../autoencoder/bottleneck/kl-divergence.js";
import type { Codec } from "../autoencoder/codec.js";
import { squaredError } from "../losses/distortions.js";

export { klDivergence, squaredError };

export interface LossTerms {
  /** `reconstruction + klWeight * kl`. */
  loss: tf.Scalar;
  /** Sum of squared errors of a picture in [-1, 1], mean over the batch. */
  reconstruction: tf.Scalar;
  /** Nats a picture, mean over the batch. */
  kl: tf.Scalar;
}

/**
 * The loss of a variational autoencoder, with one sample of the posterior a picture (the reparametrisation trick).
 *
 * Both terms are sums over a picture, so the weight does not change its meaning with the resolution: in Gaussian
 * terms the decoder's variance is `klWeight / 2`. Latent diffusion sums both, too; codes that take means over pixels
 * or latents need another weight for the same model.
 *
 * @param model its own bottleneck, if it has one, plays no part: see `autoencoderObjective`
 * @param pictures `[batch, height, width, channels]` in [-1, 1]
 * @param noise standard normal, `[batch, height / f, width / f, latentChannels]`
 * @param klWeight a scalar where a compiled step should not fix it
 */
export function autoencoderLoss(
  model: Codec,
  pictures: tf.Tensor4D,
  noise: tf.Tensor4D,
  klWeight: number | tf.Scalar,
): LossTerms {
  const posterior = model.encode(pictures);
  const latents = tf.add(posterior.mean, tf.mul(tf.exp(tf.mul(posterior.logvar, 0.5)), noise)) as tf.Tensor4D;
  const reconstruction = squaredError(pictures, model.decode(latents));
  const kl = klDivergence(posterior);
  return { loss: tf.add(reconstruction, tf.mul(kl, klWeight)), reconstruction, kl };
}
