import * as tf from "@tensorflow/tfjs-core";
import type { Denoiser } from "../denoiser.js";
import type { Mixture, Path } from "../path.js";
import { requireSignal } from "../require-signal.js";
import { requireSchedule } from "../schedules.js";

/** One step of a sampler, from one time to an earlier one. */
export interface Step {
  from: number;
  /** Below `from`, 0 at the least. */
  to: number;
  /** Number of steps of the whole way. */
  count: number;
}

/**
 * A sampler, by its step: all have this signature. `noisy` is `[batch, height, width, channels]` at the time
 * `step.from`; the result has its shape and belongs to `step.to`.
 */
export type Sampler = <Condition>(
  denoiser: Denoiser<Condition>,
  noisy: tf.Tensor4D,
  step: Step,
  condition: Condition,
) => tf.Tensor4D;

/**
 * Goes all the way from noise to clean tensors.
 *
 * @param noisy `[batch, height, width, channels]` at the time `times[0]`, from `startingNoise` for example
 * @param times see `uniformSchedule` and `karrasSchedule`
 * @param onStep sees the tensor after every step; the tensor is freed after the next one
 * @returns the shape of `noisy`
 * @throws ConfigError for times that do not fall, and where the denoiser is of no use at the first
 */
export function sample<Condition>(
  sampler: Sampler,
  denoiser: Denoiser<Condition>,
  noisy: tf.Tensor4D,
  times: readonly number[],
  condition: Condition,
  onStep?: (noisy: tf.Tensor4D, stepsDone: number) => void,
): tf.Tensor4D {
  requireSchedule(times);
  requireSignal(denoiser, times[0] as number);
  const count = times.length - 1;
  let current = noisy;
  try {
    for (let index = 0; index < count; index++) {
      const step = { from: times[index] as number, to: times[index + 1] as number, count };
      const next = tf.tidy(() => sampler(denoiser, current, step, condition));
      if (current !== noisy) current.dispose();
      current = next;
      onStep?.(current, index + 1);
    }
  } catch (error) {
    if (current !== noisy) current.dispose();
    throw error;
  }
  return current;
}

/**
 * Where sampling starts: noise as strong as it is at that time. Where the path still has some signal then, it is left
 * out.
 *
 * @param noise standard normal, `[batch, height, width, channels]`
 * @returns the shape of `noise`
 */
export function startingNoise(path: Path, noise: tf.Tensor4D, time: number): tf.Tensor4D {
  return tf.mul(noise, path.at(time).noise);
}

/** The denoiser's estimate for a batch that is at one time altogether. */
export function denoiseAt<Condition>(
  denoiser: Denoiser<Condition>,
  noisy: tf.Tensor4D,
  time: number,
  condition: Condition,
): tf.Tensor4D {
  return denoiser.denoise(noisy, tf.fill([noisy.shape[0]], time), condition);
}

/**
 * How fast a noisy tensor moves along the path, given what it will be when clean: the probability flow,
 * `d noisy / dt = signal' clean + noise' e` with `e = (noisy - signal clean) / noise` (Karras et al. 2022,
 * arXiv:2206.00364, equation 4, written for any path).
 */
export function slopeOf(noisy: tf.Tensor4D, clean: tf.Tensor4D, at: Mixture): tf.Tensor4D {
  const growth = at.noiseSlope / at.noise;
  return tf.add(tf.mul(noisy, growth), tf.mul(clean, at.signalSlope - growth * at.signal));
}
