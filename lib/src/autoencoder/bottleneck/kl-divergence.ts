import * as tf from "@tensorflow/tfjs-core";
import type { Posterior } from "../encoder.js";

/**
 * Kullback-Leibler divergence from the posterior to N(0, 1), in nats: summed over all latent dimensions of a picture,
 * mean over the batch. `1/2 * sum(mean^2 + exp(logvar) - 1 - logvar)` (Kingma and Welling 2014, arXiv:1312.6114,
 * appendix B).
 *
 * @param posterior mean and logarithm of the variance, both `[batch, height, width, channels]`
 */
export function klDivergence({ mean, logvar }: Posterior): tf.Scalar {
  const terms = tf.sub(tf.add(tf.square(mean), tf.exp(logvar)), tf.add(logvar, 1));
  return tf.div(tf.sum(terms), 2 * mean.shape[0]);
}
