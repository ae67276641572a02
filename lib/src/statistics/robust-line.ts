import { mean } from "simple-statistics";
import { standardise } from "./interval.js";
import { studentTTwoSided } from "./student-t.js";

export interface Line {
  slope: number;
  /** Heteroskedasticity-consistent. */
  standardError: number;
  /** `slope / standardError`. */
  t: number;
  /** Two-sided, Student's t with `count - 2` degrees of freedom. */
  pValue: number;
  count: number;
}

/**
 * Least-squares line with the standard error HC3 (MacKinnon and White 1985, Journal of Econometrics 29), which holds where
 * the noise depends on x. Where a single point decides the slope alone (leverage 1), HC1 takes its place.
 *
 * @param xs at least three, of which at least two differ
 */
export function fitRobustLine(xs: readonly number[], ys: readonly number[]): Line {
  const [centreX, centreY] = [mean(xs), mean(ys)];
  const offsets = xs.map((x) => x - centreX);
  const spread = offsets.reduce((sum, offset) => sum + offset ** 2, 0);
  const slope = offsets.reduce((sum, offset, index) => sum + offset * (ys[index] as number), 0) / spread;
  let hc1 = 0;
  let hc3 = 0;
  for (const [index, offset] of offsets.entries()) {
    const residual = (ys[index] as number) - centreY - slope * offset;
    const leverage = 1 / xs.length + offset ** 2 / spread;
    hc1 += (offset * residual) ** 2;
    hc3 += leverage > 1 - 1e-9 ? Number.NaN : ((offset * residual) / (1 - leverage)) ** 2;
  }
  const sum = Number.isNaN(hc3) ? (hc1 * xs.length) / (xs.length - 2) : hc3;
  const standardError = Math.sqrt(sum) / spread;
  const t = standardise(slope, standardError);
  return { slope, standardError, t, pValue: studentTTwoSided(t, xs.length - 2), count: xs.length };
}
