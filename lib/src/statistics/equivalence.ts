import { mean, sampleStandardDeviation } from "simple-statistics";
import { requireNumber } from "../options.js";
import { requireShare, requireValues } from "./check.js";
import { type Interval, standardise } from "./interval.js";
import { studentTProbability } from "./student-t.js";
import { tInterval } from "./t-interval.js";

export interface Equivalence {
  /** The larger p-value of the two one-sided tests. */
  pValue: number;
  /** `pValue < alpha`: the effect lies inside of ± the smallest effect of interest. */
  equivalent: boolean;
  /** The interval with confidence `1 - 2 alpha` that lies inside of the bounds exactly where `equivalent` holds. */
  interval: Interval;
}

/**
 * Two one-sided t-tests (TOST): is the mean effect too small to matter? Not finding a difference is no answer to that.
 *
 * Schuirmann 1987, Journal of Pharmacokinetics and Biopharmaceutics 15(6).
 *
 * @param effects paired differences, one a seed
 * @param options.smallestEffectOfInterest above 0, in the unit of the effects
 * @param options.alpha default 0.05
 * @throws DataError `ERR_TOO_FEW_SAMPLES` for fewer than two effects; `ERR_NOT_FINITE`
 */
export function testEquivalence(
  effects: readonly number[],
  { smallestEffectOfInterest, alpha = 0.05 }: { smallestEffectOfInterest: number; alpha?: number },
): Equivalence {
  requireNumber("smallestEffectOfInterest", smallestEffectOfInterest, 0, true);
  requireShare("2 alpha", 2 * alpha);
  requireValues("effects", effects, 2);
  const estimate = mean(effects);
  const standardError = sampleStandardDeviation(effects) / Math.sqrt(effects.length);
  const degreesOfFreedom = effects.length - 1;
  const aboveLower = standardise(estimate + smallestEffectOfInterest, standardError);
  const belowUpper = standardise(smallestEffectOfInterest - estimate, standardError);
  const pValue = studentTProbability(-Math.min(aboveLower, belowUpper), degreesOfFreedom);
  return { pValue, equivalent: pValue < alpha, interval: tInterval(effects, { confidence: 1 - 2 * alpha }) };
}
