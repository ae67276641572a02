import * as tf from "@tensorflow/tfjs-core";
import { requireNumber } from "../options.js";
import type { Denoiser } from "./denoiser.js";

export interface GuidanceOptions<Condition> {
  /** 0 leaves the condition out, 1 changes nothing, more follows it more than the data do. */
  scale: number;
  /** The condition that stands for none, for so many samples: `(batch) => noLabels(batch, factors)`. Freed after use. */
  none: (batch: number) => Condition;
}

/**
 * Classifier-free guidance (Ho and Salimans 2022, arXiv:2207.12598, equation 6, with `scale = 1 + w`): goes from the
 * estimate without condition towards the one with it, and beyond: `none + scale (given - none)`.
 *
 * @throws ConfigError for a scale below 0
 */
export function guide<Condition>(
  denoiser: Denoiser<Condition>,
  { scale, none }: GuidanceOptions<Condition>,
): Denoiser<Condition> {
  requireNumber("scale", scale, 0);
  if (scale === 1) return denoiser;
  return {
    ...denoiser,
    denoise: (noisy, times, condition) =>
      tf.tidy(() => {
        const without = denoiser.denoise(noisy, times, none(noisy.shape[0]));
        const given = denoiser.denoise(noisy, times, condition);
        return tf.add(without, tf.mul(tf.sub(given, without), scale)) as tf.Tensor4D;
      }),
  };
}
