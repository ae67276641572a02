/** Statistics of experiments: pure functions on arrays of numbers, the same result for the same seed. */
export { type BootstrapOptions, bootstrap, meanDifference, pairedBootstrap } from "./bootstrap.js";
export { type Equivalence, testEquivalence } from "./equivalence.js";
export {
  areaBetweenFrontiers,
  type FrontierArea,
  type FrontierOptions,
  type FrontierPoint,
  paretoFrontier,
} from "./frontier.js";
export { type FrontierInterval, frontierAreaInterval, type SweepSetting } from "./frontier-interval.js";
export {
  type HierarchicalOptions,
  hierarchicalBootstrap,
  type SeedEffects,
  type SeedSamples,
} from "./hierarchical-bootstrap.js";
export { holm } from "./holm.js";
export type { Interval, ResamplingOptions } from "./interval.js";
export { type Trend, type TrendTest, testTrend } from "./jonckheere.js";
export { type Curve, interpolateMonotone } from "./monotone-interpolation.js";
export { normalProbability, normalQuantile } from "./normal.js";
export { proportionInterval } from "./proportion.js";
export type { Line } from "./robust-line.js";
export { type RankCorrelation, spearman } from "./spearman.js";
export { studentTProbability, studentTQuantile, studentTTwoSided } from "./student-t.js";
export { pairedDifferences, tInterval, tTest } from "./t-interval.js";
export { type TwoLines, testTwoLines } from "./two-lines.js";
export { decideVerdict, type Verdict, type VerdictInput, type VerdictName } from "./verdict.js";
