import { mean } from "simple-statistics";
import { DataError } from "../errors.js";
import { createRandom } from "../random.js";
import { percentileInterval, requireResampling, resample } from "./bootstrap.js";
import { requireCount } from "./check.js";
import {
  areaBetweenFrontiers,
  type FrontierArea,
  type FrontierOptions,
  type FrontierPoint,
} from "./frontier.js";
import type { Interval, ResamplingOptions } from "./interval.js";

/** One setting of a sweep, measured with several seeds: the same seed at the same index in all settings. */
export interface SweepSetting {
  x: readonly number[];
  y: readonly number[];
}

/** `estimate` is the area between the frontiers of the settings' means over all seeds. */
export type FrontierInterval = Interval & Omit<FrontierArea, "area">;

/**
 * The area between two families' frontiers with an interval. Every setting's point is its mean over the seeds; the seeds,
 * which all settings of both families share, are resampled. A resample without a common range counts as an area of 0.
 * Ours, by a percentile interval (Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapter 13), which like
 * every such one is too narrow for few seeds (see `hierarchicalBootstrap`).
 *
 * @throws DataError `ERR_TOO_FEW_SAMPLES` for fewer than two seeds; `ERR_SHAPE_MISMATCH` where settings have different
 *   numbers of seeds; `ERR_NO_COMMON_RANGE`; `ERR_NOT_FINITE`
 */
export function frontierAreaInterval(
  control: readonly SweepSetting[],
  treatment: readonly SweepSetting[],
  {
    better = "higher",
    confidence = 0.95,
    resamples = 2000,
    seed = 0,
  }: FrontierOptions & ResamplingOptions = {},
): FrontierInterval {
  requireResampling(confidence, resamples);
  const count = requireSameSeeds([...control, ...treatment]);
  const areaOf = (seeds: number[]) =>
    areaBetweenFrontiers(pointsOf(control, seeds), pointsOf(treatment, seeds), { better });
  const all = Array.from({ length: count }, (_, index) => index);
  const { area, meanGap, range } = areaOf(all);
  const random = createRandom(seed);
  const replicates = Array.from({ length: resamples }, () => {
    try {
      return areaOf(resample(all, random)).area;
    } catch (error) {
      if (error instanceof DataError && error.code === "ERR_NO_COMMON_RANGE") return 0;
      throw error;
    }
  });
  return { ...percentileInterval(area, replicates, confidence), meanGap, range };
}

/** Every setting's mean over `seeds`. */
function pointsOf(settings: readonly SweepSetting[], seeds: number[]): FrontierPoint[] {
  return settings.map((setting) => ({
    x: mean(seeds.map((index) => setting.x[index] as number)),
    y: mean(seeds.map((index) => setting.y[index] as number)),
  }));
}

function requireSameSeeds(settings: readonly SweepSetting[]): number {
  const count = settings[0]?.x.length ?? 0;
  requireCount("seeds", count, 2);
  for (const { x, y } of settings) {
    if (x.length === count && y.length === count) continue;
    throw new DataError(
      "ERR_SHAPE_MISMATCH",
      `Every setting needs x and y of the same ${count} seeds, but one has ${x.length} and ${y.length}.`,
    );
  }
  return count;
}
