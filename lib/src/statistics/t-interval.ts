import { mean, sampleStandardDeviation } from "simple-statistics";
import { requirePairs, requireShare, requireValues } from "./check.js";
import { type Interval, standardise } from "./interval.js";
import { studentTQuantile, studentTTwoSided } from "./student-t.js";

/**
 * Student's interval of a mean (Student 1908, "The probable error of a mean", Biometrika 6(1)), exact for normal values:
 * `mean ± t s / sqrt(n)` with n - 1 degrees of freedom. For paired designs give the differences, one a seed. With three
 * seeds t is 4.303: only large effects can be seen.
 *
 * @param options.confidence default 0.95
 * @throws DataError `ERR_TOO_FEW_SAMPLES` for fewer than two values; `ERR_NOT_FINITE`
 */
export function tInterval(
  values: readonly number[],
  { confidence = 0.95 }: { confidence?: number } = {},
): Interval {
  requireShare("confidence", confidence);
  requireValues("values", values, 2);
  const estimate = mean(values);
  const standardError = sampleStandardDeviation(values) / Math.sqrt(values.length);
  const margin = studentTQuantile((1 + confidence) / 2, values.length - 1) * standardError;
  return { estimate, low: estimate - margin, high: estimate + margin, confidence };
}

/**
 * Two-sided p-value of Student's test (Student 1908, Biometrika 6(1)) that the mean is 0, `t = mean sqrt(n) / s` with n - 1
 * degrees of freedom; what `holm` takes, one for every arm.
 *
 * @throws DataError `ERR_TOO_FEW_SAMPLES` for fewer than two values; `ERR_NOT_FINITE`
 */
export function tTest(values: readonly number[]): { t: number; pValue: number } {
  requireValues("values", values, 2);
  const t = standardise(mean(values), sampleStandardDeviation(values) / Math.sqrt(values.length));
  return { t, pValue: studentTTwoSided(t, values.length - 1) };
}

/**
 * `treatment[i] - control[i]`, the effects of a paired design.
 *
 * @throws DataError `ERR_SHAPE_MISMATCH` for different lengths; `ERR_NOT_FINITE`
 */
export function pairedDifferences(control: readonly number[], treatment: readonly number[]): number[] {
  requirePairs("control and treatment", control, treatment);
  requireValues("control", control, 0);
  requireValues("treatment", treatment, 0);
  return treatment.map((value, index) => value - (control[index] as number));
}
