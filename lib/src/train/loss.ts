import * as tf from "@tensorflow/tfjs-core";
import type { Autoencoder } from "../autoencoder/autoencoder.js";
import type { Posterior } from "../autoencoder/encoder.js";

export interface LossTerms {
  /** `reconstruction + klWeight * kl`. */
  loss: tf.Scalar;
  /** Sum of squared errors of a picture in [-1, 1], mean over the batch. */
  reconstruction: tf.Scalar;
  /** Nats a picture, mean over the batch. */
  kl: tf.Scalar;
}

/**
 * Kullback-Leibler divergence from the posterior to N(0, 1), in nats: summed over all latent dimensions of a picture,
 * mean over the batch. `1/2 * sum(mean^2 + exp(logvar) - 1 - logvar)` (Kingma and Welling 2014, arXiv:1312.6114,
 * appendix B).
 */
export function klDivergence({ mean, logvar }: Posterior): tf.Scalar {
  const terms = tf.sub(tf.add(tf.square(mean), tf.exp(logvar)), tf.add(logvar, 1));
  return tf.div(tf.sum(terms), 2 * mean.shape[0]);
}

/** Squared error summed over the values of a picture, mean over the batch. Both `[batch, height, width, channels]`. */
export function squaredError(pictures: tf.Tensor4D, reconstructions: tf.Tensor4D): tf.Scalar {
  return tf.div(tf.sum(tf.square(tf.sub(reconstructions, pictures))), pictures.shape[0]);
}

/**
 * The loss of a variational autoencoder, with one sample of the posterior a picture (the reparametrisation trick).
 *
 * Both terms are sums over a picture, so the weight does not change its meaning with the resolution: in Gaussian
 * terms the decoder's variance is `klWeight / 2`. Latent diffusion sums both, too; codes that take means over pixels
 * or latents need another weight for the same model.
 *
 * @param pictures `[batch, height, width, channels]` in [-1, 1]
 * @param noise standard normal, `[batch, height / f, width / f, latentChannels]`
 */
export function autoencoderLoss(
  model: Autoencoder,
  pictures: tf.Tensor4D,
  noise: tf.Tensor4D,
  klWeight: number,
): LossTerms {
  const posterior = model.encode(pictures);
  const latents = tf.add(posterior.mean, tf.mul(tf.exp(tf.mul(posterior.logvar, 0.5)), noise)) as tf.Tensor4D;
  const reconstruction = squaredError(pictures, model.decode(latents));
  const kl = klDivergence(posterior);
  return { loss: tf.add(reconstruction, tf.mul(kl, klWeight)), reconstruction, kl };
}
