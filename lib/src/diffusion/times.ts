import * as tf from "@tensorflow/tfjs-core";
import { requireNumber } from "../options.js";

/** Keeps times off 0, where nothing is to be learnt and EDM's or DDPM's formulas divide by zero. */
const minTime = 1e-5;

/**
 * Times for training, every one as often: `[batch]` in (0, 1).
 *
 * @param uniform `[batch]` in [0, 1), from `createNoise().uniform`
 */
export function uniformTimes(uniform: tf.Tensor1D): tf.Tensor1D {
  return tf.clipByValue(uniform, minTime, 1 - minTime);
}

/**
 * Times in (0, 1), mostly in the middle: the logistic function of normal numbers (Esser et al. 2024, arXiv:2403.03206,
 * equation 19; their best is mean 0, std 1).
 *
 * @param normal `[batch]`, standard normal
 * @param options.mean below 0 for less noise, above for more
 * @throws ConfigError for a std that is not above 0
 */
export function logitNormalTimes(
  normal: tf.Tensor1D,
  { mean = 0, std = 1 }: { mean?: number; std?: number } = {},
): tf.Tensor1D {
  requireNumber("std", std, 0, true);
  return tf.tidy(() => {
    return tf.clipByValue(tf.sigmoid(tf.add(tf.mul(normal, std), mean)), minTime, 1 - minTime) as tf.Tensor1D;
  });
}

/**
 * EDM's noise levels, `ln sigma ~ N(mean, std^2)` (Karras et al. 2022, arXiv:2206.00364, table 1).
 *
 * @param normal `[batch]`, standard normal
 * @param options.sigmaData standard deviation of the clean data, as for `edm`
 * @param options.mean default: the paper's -1.2 for data of standard deviation 0.5, plus `ln(sigmaData / 0.5)` for others: as
 *   much noise in proportion
 * @throws ConfigError for numbers out of range
 */
export function logNormalSigmas(
  normal: tf.Tensor1D,
  {
    sigmaData = 1,
    mean = -1.2 + Math.log(sigmaData / 0.5),
    std = 1.2,
  }: { sigmaData?: number; mean?: number; std?: number } = {},
): tf.Tensor1D {
  requireNumber("sigmaData", sigmaData, 0, true);
  requireNumber("std", std, 0, true);
  return tf.tidy(() => tf.exp(tf.add(tf.mul(normal, std), mean)) as tf.Tensor1D);
}

/**
 * Moves times in [0, 1] towards the noise: `t' = m t / (1 + (m - 1) t)` (Esser et al. 2024, arXiv:2403.03206, equation
 * 23). Of more values a sample more noise is needed to hide as much; see `dimensionShift` for m.
 *
 * @param times `[batch]`
 * @returns `[batch]`
 * @throws ConfigError for a shift that is not above 0
 */
export function shiftTimes(times: tf.Tensor1D, shift: number): tf.Tensor1D {
  requireNumber("shift", shift, 0, true);
  return tf.tidy(() => tf.div(tf.mul(times, shift), tf.add(tf.mul(times, shift - 1), 1)) as tf.Tensor1D);
}

/** The same for one time on the host. */
export function shiftTime(time: number, shift: number): number {
  return (shift * time) / (1 + (shift - 1) * time);
}

/**
 * The shift for latents of so many values, `sqrt(dimension / base)`. SD3 counts positions; RAE (Zheng et al. 2025,
 * arXiv:2510.11690) positions times channels, with a base of 4096: that many values make the shift 1.
 *
 * @throws ConfigError for numbers that are not above 0
 */
export function dimensionShift(dimension: number, base = 4096): number {
  requireNumber("dimension", dimension, 0, true);
  requireNumber("base", base, 0, true);
  return Math.sqrt(dimension / base);
}
