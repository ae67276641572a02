import { readFileSync } from "node:fs";

interface Fit {
  slope: number;
  standardError: number;
}

/** Reference values from scipy and statsmodels; `make-fixtures.py` makes them. */
export interface Fixtures {
  normal: { z: number[]; probability: number[]; p: number[]; quantile: number[] };
  studentT: { df: number; p: number; t: number; twoSided: number }[];
  intervals: { values: number[]; low: number; high: number; t: number; p: number }[];
  equivalence: { effects: number[]; p: number }[];
  proportions: [successes: number, trials: number, confidence: number, low: number, high: number][];
  holm: { p: number[]; adjusted: number[] }[];
  spearman: {
    rows: { x: number[]; y: number[]; rho: number }[];
    exact: { x: number[]; y: number[]; p: number };
  };
  jonckheere: { rows: { groups: number[][]; p: number }[]; exact: { groups: number[][]; p: number } };
  bca: { values: number[]; replicates: number[]; low: number; high: number; percentile: [number, number] };
  pchip: {
    rows: { x: number[]; y: number[]; at: number[]; values: number[] }[];
    control: [number, number][];
    treatment: [number, number][];
    area: number;
  };
  /** `left` and `right` with the break at 4. */
  lines: { x: number[]; y: number[]; left: Fit; right: Fit; robinHood: number }[];
  spline: { x: number[]; y: number[]; fitted: number[]; standardErrors: number[] };
}

export const fixtures = JSON.parse(
  readFileSync(new URL("fixtures.json", import.meta.url), "utf8"),
) as Fixtures;

/** |value - expected| / |expected|. */
export function relativeError(value: number, expected: number): number {
  return value === expected ? 0 : Math.abs(value - expected) / Math.abs(expected);
}
