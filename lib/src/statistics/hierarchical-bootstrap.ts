import { mean } from "simple-statistics";
import { createRandom } from "../random.js";
import { meanDifference, percentileInterval, requireResampling, resample } from "./bootstrap.js";
import { requireCount, requirePairs, requireValues } from "./check.js";
import type { Interval, ResamplingOptions } from "./interval.js";

/** What one seed gave: the samples of both arms, a number a sample (1 for a valid picture, 0 for another). */
export interface SeedSamples {
  control: readonly number[];
  treatment: readonly number[];
}

export interface HierarchicalOptions extends ResamplingOptions {
  /** Of one seed; default: mean of treatment minus mean of control. */
  effect?: (control: number[], treatment: number[]) => number;
  /**
   * Whether `control[i]` and `treatment[i]` belong together (the same held-out picture) and are resampled together.
   * Default false: two generators' samples have nothing to do with each other.
   */
  pairedSamples?: boolean;
}

export interface SeedEffects extends Interval {
  /** The effect of every seed, without resampling: what `tInterval`, `testEquivalence` and `decideVerdict` take. */
  perSeed: number[];
}

/**
 * Effect of a treatment over several seeds, with an interval that knows two sources of chance: which seeds were run, and which
 * samples each of them drew. Both are resampled, seeds first, then samples within each drawn seed (Davison and Hinkley
 * 1997, "Bootstrap Methods and their Application", section 3.8). The estimate is the mean of the seeds' effects.
 *
 * The interval is a percentile interval: with few seeds it is too narrow, by a factor of about
 * `z sqrt((n - 1) / n) / t` (0.37 at three seeds, 0.63 at five), since it resamples the few seeds that there are.
 * Show `tInterval(perSeed)` beside it, and let that decide below ten seeds.
 *
 * @throws DataError `ERR_TOO_FEW_SAMPLES` for fewer than two seeds or a seed without samples; `ERR_SHAPE_MISMATCH` for
 *   `pairedSamples` of different numbers; `ERR_NOT_FINITE`
 */
export function hierarchicalBootstrap(
  seeds: readonly SeedSamples[],
  {
    effect = meanDifference,
    pairedSamples = false,
    confidence = 0.95,
    resamples = 2000,
    seed = 0,
  }: HierarchicalOptions = {},
): SeedEffects {
  requireResampling(confidence, resamples);
  requireCount("seeds", seeds.length, 2);
  for (const [index, { control, treatment }] of seeds.entries()) {
    requireValues(`seeds[${index}].control`, control, 1);
    requireValues(`seeds[${index}].treatment`, treatment, 1);
    if (pairedSamples) requirePairs(`control and treatment of seed ${index}`, control, treatment);
  }
  const random = createRandom(seed);
  const resampledEffect = ({ control, treatment }: SeedSamples) => {
    if (!pairedSamples) return effect(resample(control, random), resample(treatment, random));
    const drawn = resample([...control.keys()], random);
    return effect(
      drawn.map((index) => control[index] as number),
      drawn.map((index) => treatment[index] as number),
    );
  };
  const perSeed = seeds.map(({ control, treatment }) => effect([...control], [...treatment]));
  const replicates = Array.from({ length: resamples }, () =>
    mean(resample(seeds, random).map(resampledEffect)),
  );
  return { ...percentileInterval(mean(perSeed), replicates, confidence), perSeed };
}
