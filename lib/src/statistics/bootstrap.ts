import { mean, quantileSorted } from "simple-statistics";
import { DataError } from "../errors.js";
import { requireInteger } from "../options.js";
import { createRandom, type Random } from "../random.js";
import { requireCount, requirePairs, requireShare, requireValues } from "./check.js";
import type { Interval, ResamplingOptions } from "./interval.js";
import { normalProbability, normalQuantile } from "./normal.js";

export interface BootstrapOptions extends ResamplingOptions {
  /**
   * `"bca"` (default) corrects the percentiles for bias and skewness, `"percentile"` takes them as they are. Both are too
   * narrow for few items: below about ten, use `tInterval`.
   */
  method?: "bca" | "percentile";
}

/**
 * Bootstrap interval of any statistic of independent items: numbers, pairs, seeds, indices.
 *
 * Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapters 13 (percentile) and 14 (BCa).
 *
 * @param statistic a number from items; resamples on which it is not finite are left out
 * @throws DataError `ERR_TOO_FEW_SAMPLES` for fewer than two items, or where the statistic is not finite on the items, or on
 *   most of the resamples
 */
export function bootstrap<Item>(
  items: readonly Item[],
  statistic: (items: Item[]) => number,
  { confidence = 0.95, resamples = 2000, seed = 0, method = "bca" }: BootstrapOptions = {},
): Interval {
  requireResampling(confidence, resamples);
  requireCount("items", items.length, 2);
  const random = createRandom(seed);
  const estimate = statistic([...items]);
  const replicates = Array.from({ length: resamples }, () => statistic(resample(items, random)));
  if (method === "percentile") return percentileInterval(estimate, replicates, confidence);
  const jackknife = items.map((_, left) => statistic(items.filter((_, index) => index !== left)));
  return bcaInterval(estimate, replicates, jackknife, confidence);
}

/**
 * Bootstrap interval of the effect in a paired design: pairs are resampled, never their halves. It is `bootstrap` of the
 * pairs (Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapters 13 and 14).
 *
 * @param options.effect of two arrays, pair by pair; default: mean of treatment minus mean of control
 * @throws DataError `ERR_SHAPE_MISMATCH` for different lengths; and as `bootstrap`
 */
export function pairedBootstrap(
  control: readonly number[],
  treatment: readonly number[],
  {
    effect = meanDifference,
    ...options
  }: BootstrapOptions & { effect?: (control: number[], treatment: number[]) => number } = {},
): Interval {
  requirePairs("control and treatment", control, treatment);
  requireValues("control", control, 2);
  requireValues("treatment", treatment, 2);
  const pairs = control.map((value, index) => [value, treatment[index] as number] as const);
  const ofPairs = (drawn: (readonly [number, number])[]) =>
    effect(
      drawn.map(([value]) => value),
      drawn.map(([, value]) => value),
    );
  return bootstrap(pairs, ofPairs, options);
}

/** Mean of treatment minus mean of control. */
export function meanDifference(control: readonly number[], treatment: readonly number[]): number {
  return mean(treatment) - mean(control);
}

/** As many items as there are, drawn with replacement. A plain loop: `Array.from` with a function takes ten times as long. */
export function resample<Item>(items: readonly Item[], random: Random): Item[] {
  const last = items.length - 1;
  const drawn = new Array<Item>(items.length);
  for (let index = 0; index <= last; index++) drawn[index] = items[random.integer(0, last)] as Item;
  return drawn;
}

export function requireResampling(confidence: number, resamples: number): void {
  requireShare("confidence", confidence);
  requireInteger("resamples", resamples, 1);
}

/** The quantiles of the replicates themselves. */
export function percentileInterval(estimate: number, replicates: number[], confidence: number): Interval {
  const sorted = finiteInOrder(estimate, replicates);
  return {
    estimate,
    low: quantileSorted(sorted, (1 - confidence) / 2),
    high: quantileSorted(sorted, (1 + confidence) / 2),
    confidence,
  };
}

/**
 * Bias-corrected and accelerated interval (Efron 1987, Journal of the American Statistical Association 82(397)): quantiles
 * of the replicates at levels that are moved by `bias`, how far the estimate lies from their median, and by
 * `acceleration`, the skewness of the jackknife.
 */
export function bcaInterval(
  estimate: number,
  replicates: number[],
  jackknife: number[],
  confidence: number,
): Interval {
  const sorted = finiteInOrder(estimate, replicates);
  const below = sorted.filter((value) => value < estimate).length;
  const equal = sorted.filter((value) => value === estimate).length;
  const share = (below + equal / 2) / sorted.length;
  // All replicates on one side: nothing that could be corrected.
  if (share === 0 || share === 1) return percentileInterval(estimate, sorted, confidence);
  const bias = normalQuantile(share);
  const acceleration = accelerationOf(jackknife);
  const bound = (level: number) => {
    const moved = bias + normalQuantile(level);
    return quantileSorted(sorted, normalProbability(bias + moved / (1 - acceleration * moved)));
  };
  return { estimate, low: bound((1 - confidence) / 2), high: bound((1 + confidence) / 2), confidence };
}

function accelerationOf(jackknife: number[]): number {
  const finite = jackknife.filter(Number.isFinite);
  const centre = finite.length > 0 ? mean(finite) : 0;
  let squares = 0;
  let cubes = 0;
  for (const value of finite) {
    squares += (centre - value) ** 2;
    cubes += (centre - value) ** 3;
  }
  return squares === 0 ? 0 : cubes / (6 * squares ** 1.5);
}

function finiteInOrder(estimate: number, replicates: number[]): number[] {
  const finite = replicates.filter(Number.isFinite);
  if (!Number.isFinite(estimate) || finite.length * 2 < replicates.length) {
    throw new DataError(
      "ERR_TOO_FEW_SAMPLES",
      `The statistic is ${estimate} on all items and finite on ${finite.length} of ${replicates.length} resamples. Give more items, or a statistic that is defined on any of them.`,
    );
  }
  return finite.sort((a, b) => a - b);
}
