/** Bottlenecks of autoencoders: small stages, combined by a plain array. */
export {
  type Bottleneck,
  type BottleneckResult,
  type Passage,
  type Passing,
  type Penalty,
  passBottleneck,
} from "./bottleneck.js";
export { clamp, rmsNorm, scaledTanh } from "./bounds.js";
export { klDivergence } from "./kl-divergence.js";
export { dropPositions, interpolate, jitter, noise } from "./perturbations.js";
export { fixedSigma, type KlOptions, kl } from "./posterior.js";
export { type VarianceLossOptions, varianceExpansion, varianceLoss } from "./variance.js";
export type { Weight } from "./weight.js";
