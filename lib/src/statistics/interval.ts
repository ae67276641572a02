/** An estimate and the interval that covers the true value in a share of `confidence` of all repetitions. */
export interface Interval {
  estimate: number;
  low: number;
  high: number;
  /** 0.95 for a 95 % interval. */
  confidence: number;
}

/** What all resampling methods can be told. */
export interface ResamplingOptions {
  /** In (0, 1); default 0.95. */
  confidence?: number;
  /** Number of resamples or permutations; default 2000. */
  resamples?: number;
  /** The same seed gives the same interval. */
  seed?: number;
}

/** Divides by a standard error; nothing divided by nothing is 0: no evidence, where no spread was measured. */
export function standardise(difference: number, standardError: number): number {
  return difference === 0 ? 0 : difference / standardError;
}
