import * as tf from "@tensorflow/tfjs-core";
import { ConfigError } from "../../errors.js";
import { requireNumber } from "../../options.js";
import type { Bottleneck, Passing } from "./bottleneck.js";
import { klDivergence } from "./kl-divergence.js";
import { requireWeight, type Weight } from "./weight.js";

export interface KlOptions {
  /** Of the divergence in the loss; 0 samples without a penalty. See `Weight` for how to change it while it trains. */
  weight: Weight;
  /**
   * `sum` (default): nats a picture, summed over its latents, as in latent diffusion's code, where 1e-6 is the weight
   * of a sum. `mean`: nats a latent number, as in codes that average; for the same model its weight is larger by
   * their number.
   */
  reduction?: "sum" | "mean";
}

/**
 * A variational autoencoder's bottleneck: draws `mean + sigma * noise` and asks for the Kullback-Leibler divergence
 * from the posterior to N(0, 1) (Kingma and Welling 2014, arXiv:1312.6114).
 *
 * The divergence is that of what the encoder has said, whatever stages stand before: `[scaledTanh(), kl()]` draws round the bent
 * means and penalises the unbent ones. `klRate` is the divergence of the latents that the decoder gets.
 *
 * @throws ConfigError for a weight below 0 or that is no scalar, or another reduction
 */
export function kl({ weight, reduction = "sum" }: KlOptions): Bottleneck {
  requireWeight("weight", weight);
  if (reduction !== "sum" && reduction !== "mean") {
    throw new ConfigError(
      "ERR_OPTION_OUT_OF_RANGE",
      `reduction has to be "sum" or "mean", not ${JSON.stringify(reduction)}.`,
    );
  }
  return {
    name: "kl",
    apply(passing, { noise, training }) {
      const { posterior } = passing;
      const sigma = tf.exp(tf.mul(posterior.logvar, 0.5)) as tf.Tensor4D;
      const { latents } = passing;
      const drawn = noise
        ? (tf.add(latents, tf.mul(sigma, noise.normal(sigma.shape))) as tf.Tensor4D)
        : latents;
      const next = { ...passing, latents: drawn, sigma: withEarlier(passing, sigma) };
      if (!training) return { passing: next };
      const nats = klDivergence(posterior);
      const numbers = latents.size / latents.shape[0];
      const value: tf.Scalar = reduction === "sum" ? nats : tf.div(nats, numbers);
      return { passing: next, penalty: { value, weight } };
    },
  };
}

/**
 * Noise of one strength for all latents instead of a learned one, so that it cannot collapse (sigma-VAE: Sun et al.
 * 2024, arXiv:2412.08635, section 2.2). What the diffusion model learns has the noise, too. With `random` a picture's
 * latents are no longer normal, and `sigma` is only their deviation over many draws: `cacheLatents` stores a draw.
 *
 * @param options.sigma standard deviation
 * @param options.random each picture has its own, `|N(0, 1)| * sigma`, as in that paper; `false` by default
 * @throws ConfigError for a sigma that is not above 0
 */
export function fixedSigma({ sigma, random = false }: { sigma: number; random?: boolean }): Bottleneck {
  requireNumber("sigma", sigma, 0, true);
  return {
    name: "fixedSigma",
    apply(passing, { noise }) {
      const { latents } = passing;
      const spread: tf.Tensor4D = tf.fill(latents.shape, sigma);
      const next = { ...passing, sigma: withEarlier(passing, spread), ...(random && { approximate: true }) };
      if (!noise) return { passing: next };
      const perPicture = [latents.shape[0], 1, 1, 1] as [number, number, number, number];
      const strength = random ? tf.mul(noise.normal(perPicture), sigma) : tf.scalar(sigma);
      const drawn = tf.add(latents, tf.mul(strength, noise.normal(latents.shape))) as tf.Tensor4D;
      return { passing: { ...next, latents: drawn } };
    },
  };
}

/** Independent noises add up by their variances: a stage that draws is not the only one that has. */
function withEarlier({ sigma: earlier }: Passing, sigma: tf.Tensor4D): tf.Tensor4D {
  if (!earlier) return sigma;
  return tf.sqrt(tf.add(tf.square(earlier), tf.square(sigma))) as tf.Tensor4D;
}
