import * as tf from "@tensorflow/tfjs-core";
import { ConfigError } from "../../errors.js";
import type { Noise } from "../../noise.js";
import { requireNumber } from "../../options.js";
import { edmPath } from "../path.js";
import { denoiseAt, type Sampler, slopeOf } from "./sampler.js";

/**
 * Heun's method on the probability flow (Karras et al. 2022, arXiv:2206.00364, algorithm 1): a step of Euler's, then
 * once more with the mean of the slopes at both ends. Two evaluations a step, of second order. The step to a time
 * without noise is Euler's. Takes and returns `[batch, height, width, channels]`.
 */
export const heun: Sampler = (denoiser, noisy, { from, to }, condition) => {
  const { path } = denoiser;
  const slope = slopeOf(noisy, denoiseAt(denoiser, noisy, from, condition), path.at(from));
  const next = tf.add(noisy, tf.mul(slope, to - from)) as tf.Tensor4D;
  if (path.at(to).noise === 0) return next;
  const slopeThere = slopeOf(next, denoiseAt(denoiser, next, to, condition), path.at(to));
  return tf.add(noisy, tf.mul(tf.add(slope, slopeThere), (to - from) / 2));
};

export interface ChurnOptions {
  /** S_churn: how much noise is renewed on the whole way; 0 is `heun`. */
  churn: number;
  /** S_tmin and S_tmax: noise is renewed between these sigmas. */
  min?: number;
  max?: number;
  /** S_noise: a little above 1 makes up for detail that is lost. */
  noiseScale?: number;
  noise: Noise;
}

/**
 * EDM's stochastic sampler (Karras et al. 2022, arXiv:2206.00364, algorithm 2): adds some noise before every step of
 * Heun's and goes that much further, which corrects the errors made before. For denoisers on EDM's path.
 *
 * @throws ConfigError for options out of range and, when sampling, for a denoiser of another path
 */
export function heunWithChurn(options: ChurnOptions): Sampler {
  const { churn, min = 0, max = Number.POSITIVE_INFINITY, noiseScale = 1, noise } = options;
  requireNumber("churn", churn, 0);
  requireNumber("noiseScale", noiseScale, 0);
  return (denoiser, noisy, step, condition) => {
    if (denoiser.path !== edmPath) {
      const message = `heunWithChurn samples on EDM's path, where the time is sigma; this denoiser is on the path "${denoiser.path.name}". Take heun or ddim.`;
      throw new ConfigError("ERR_OPTION_OUT_OF_RANGE", message);
    }
    const { from } = step;
    const growth = from >= min && from <= max ? Math.min(churn / step.count, Math.SQRT2 - 1) : 0;
    if (growth === 0) return heun(denoiser, noisy, step, condition);
    const start = from * (1 + growth);
    const drawn = noise.normal<tf.Rank.R4>(noisy.shape);
    const noisier = tf.add(noisy, tf.mul(drawn, noiseScale * Math.sqrt(start ** 2 - from ** 2)));
    return heun(denoiser, noisier as tf.Tensor4D, { ...step, from: start }, condition);
  };
}
