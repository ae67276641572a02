import { requireInteger, requireNumber } from "../options.js";

/**
 * A number for every step, counted from 1. It has to depend on the step alone: a resumed training asks again.
 * As a network's `schedule`, it is the share of the learning rate.
 */
export type Schedule = (step: number) => number;

/** Always the same. */
export const constant =
  (value = 1): Schedule =>
  () =>
    value;

/**
 * A linear rise over the first `warmUp` steps, then 1 (Goyal et al. 2017, arXiv:1706.02677, section 2.2).
 *
 * @throws ConfigError for an option out of range
 */
export function warmUp(warmUp: number): Schedule {
  requireInteger("warmUp", warmUp, 0);
  return (step) => (step < warmUp ? step / warmUp : 1);
}

export interface CosineOptions {
  /** Steps of the linear rise from 0 to 1. */
  warmUp?: number;
  /** The step at which `floor` is reached; it stays there. */
  steps: number;
  /** What is left at the end, in [0, 1]. */
  floor?: number;
}

/**
 * Warm-up, then half a cosine from 1 down to `floor` (Loshchilov and Hutter 2017, arXiv:1608.03983, equation 5).
 *
 * @throws ConfigError for an option out of range
 */
export function warmUpCosine({ warmUp: rise = 0, steps, floor = 0 }: CosineOptions): Schedule {
  requireInteger("steps", steps, 1);
  requireInteger("warmUp", rise, 0);
  requireInteger("steps - warmUp", steps - rise, 1);
  requireNumber("floor", floor, 0);
  return (step) => {
    if (step < rise) return step / rise;
    const progress = Math.min((step - rise) / (steps - rise), 1);
    return floor + ((1 - floor) * (1 + Math.cos(Math.PI * progress))) / 2;
  };
}

/**
 * Warm-up, then 1 up to step `after`, then falling like `1 / sqrt(step / after)` (the learning rate of Karras et al. 2023,
 * arXiv:2312.02696: `1 / sqrt(max(t / t_ref, 1))`).
 *
 * @throws ConfigError for an option out of range
 */
export function inverseSquareRoot({ warmUp: rise = 0, after }: { warmUp?: number; after: number }): Schedule {
  requireInteger("after", after, 1);
  const rising = warmUp(rise);
  return (step) => rising(step) * Math.sqrt(after / Math.max(step, after));
}
