import * as tf from "@tensorflow/tfjs-core";
import { ConfigError } from "../../errors.js";
import { requireSameShape } from "../../nn/check.js";
import type { Noise } from "../../noise.js";
import { requireInteger } from "../../options.js";
import type { Denoiser, NoisyBatch } from "../denoiser.js";
import { addNoise, edmPath, perSample } from "../path.js";
import { requireSignal } from "../require-signal.js";
import { denoiseAt, type Sampler } from "../samplers/sampler.js";
import { shiftTimes } from "../times.js";

/** A batch at its times, and the times a little nearer to the clean end to which the teacher leads. */
export interface ConsistencyBatch extends NoisyBatch {
  /** `[batch]`, below `times`. */
  nextTimes: tf.Tensor1D;
}

/**
 * Pairs of neighbours among `steps + 1` times from 0 to 1, every pair as often.
 *
 * @param uniform `[batch]` in [0, 1)
 * @param steps more of them come closer to the teacher's flow and take longer to learn; usual are 18 to 150
 * @param options.shift see `shiftTimes`
 * @throws ConfigError for an option out of range
 */
export function consistencyTimes(
  uniform: tf.Tensor1D,
  steps: number,
  { shift = 1 }: { shift?: number } = {},
): { times: tf.Tensor1D; nextTimes: tf.Tensor1D } {
  requireInteger("steps", steps, 1);
  return tf.tidy(() => {
    const lower = tf.minimum(tf.floor(tf.mul(uniform, steps)), steps - 1);
    const timeOf = (index: tf.Tensor) => shiftTimes(tf.div(index, steps) as tf.Tensor1D, shift);
    return { times: timeOf(tf.add(lower, 1)), nextTimes: timeOf(lower) };
  });
}

/**
 * What the student should say, in consistency distillation (Song et al. 2023, arXiv:2303.01469, algorithm 2): the
 * teacher leads the noisy batch one step on along its flow (a step of `ddim`), and the student's running average
 * judges from there. It is the average of the parameters that keeps this from running after itself. Compute it
 * outside of the gradients.
 *
 * A student has to leave clean tensors as they are: the denoisers of rectified flow and of the cosine path do at time
 * 0. Those of EDM do so only nearly, and only above it.
 *
 * @param teacher the trained denoiser, with guidance where wanted; of rectified flow or `velocityDdpm`, whose times are
 *   those of `consistencyTimes`
 * @param average a second student whose parameters are the running average of the first one's, with a decay of 0.95 for example
 * @param batch clean tensors and noise `[batch, height, width, channels]`, times and next times `[batch]`
 * @returns the shape of the clean tensors
 * @throws ConfigError for a teacher that is of no use at time 1 or on EDM's path
 */
export function consistencyTargets<Condition>(
  teacher: Denoiser<Condition>,
  average: Denoiser<Condition>,
  { clean, noise, times, nextTimes }: ConsistencyBatch,
  condition: Condition,
): tf.Tensor4D {
  const { path } = teacher;
  if (path === edmPath) {
    throw new ConfigError(
      "ERR_OPTION_OUT_OF_RANGE",
      "Consistency distillation takes times from 1 to 0, and EDM's are sigmas that may not reach 0. Take a teacher of rectified flow or velocityDdpm.",
    );
  }
  requireSignal(teacher, 1);
  return tf.tidy(() => {
    const noisy = addNoise(path, clean, noise, times);
    const estimate = teacher.denoise(noisy, times, condition);
    const [here, there] = [path.mixture(perSample(times)), path.mixture(perSample(nextTimes))];
    const drawn = tf.div(tf.sub(noisy, tf.mul(estimate, here.signal)), here.noise);
    const next = tf.add(tf.mul(estimate, there.signal), tf.mul(drawn, there.noise)) as tf.Tensor4D;
    return average.denoise(next, nextTimes, condition);
  });
}

/**
 * How far the student is from them, by the pseudo-Huber distance `sqrt(|difference|^2 + c^2) - c` over all values of
 * a sample with `c = 0.00054 sqrt(values)`, mean over the batch (Song and Dhariwal 2023,
 * arXiv:2310.14189).
 *
 * @param batch clean tensors and noise `[batch, height, width, channels]`, times `[batch]`
 * @param targets from `consistencyTargets` for the same batch, of the shape of the clean tensors
 * @throws DataError `ERR_SHAPE_MISMATCH` for targets of another shape than the estimate's
 */
export function consistencyLoss<Condition>(
  student: Denoiser<Condition>,
  { clean, noise, times }: NoisyBatch,
  targets: tf.Tensor4D,
  condition: Condition,
): tf.Scalar {
  return tf.tidy(() => {
    const estimate = student.denoise(addNoise(student.path, clean, noise, times), times, condition);
    const c = 0.00054 * Math.sqrt(clean.size / clean.shape[0]);
    requireSameShape("consistencyLoss", { estimate, targets });
    const squares = tf.sum(tf.square(tf.sub(estimate, targets)), [1, 2, 3]);
    return tf.mean(tf.sub(tf.sqrt(tf.add(squares, c ** 2)), c));
  });
}

/**
 * Sampling of a consistency model (Song et al. 2023, algorithm 1): every step goes all the way to the clean end at
 * once and then, but for the last, back to the next time with fresh noise.
 */
export function consistencySampler(noise: Noise): Sampler {
  return (denoiser, noisy, { from, to }, condition) => {
    const clean = denoiseAt(denoiser, noisy, from, condition);
    const there = denoiser.path.at(to);
    if (there.noise === 0) return tf.mul(clean, there.signal);
    const fresh = tf.mul(noise.normal<tf.Rank.R4>(noisy.shape), there.noise);
    return tf.add(tf.mul(clean, there.signal), fresh);
  };
}
