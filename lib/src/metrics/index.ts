/** Metrics on host arrays; `features`, `influenceMap` and those of the decoder need an engine. */
export { type SpatialAutocorrelation, spatialAutocorrelation } from "./autocorrelation.js";
export type { Rows } from "./check.js";
export { type Gaussian, gaussianOf } from "./covariance.js";
export {
  type DecoderLipschitz,
  decoderLipschitz,
  decoderRobustness,
  type RobustnessLevel,
  type RobustnessOptions,
} from "./decoder-robustness.js";
export { type ChannelCovariance, channelCovariance, effectiveDimension } from "./effective-dimension.js";
export { type FeatureOptions, features } from "./features.js";
export { type Floor, type FloorOptions, floorOf, floorOfDifference } from "./floor.js";
export { frechetDistance, frechetDistanceOfGaussians } from "./frechet.js";
export { type InfluenceMap, type InfluenceOptions, influenceMap } from "./influence-map.js";
export { type KidOfSubsets, kid, kidOfSubsets } from "./kid.js";
export { type ChannelStatistics, type LatentStatistics, latentStatistics } from "./latent-statistics.js";
export { type Memorisation, memorisation, memorisationFloor } from "./memorisation.js";
export { type PowerSpectrum, powerSpectrum } from "./power-spectrum.js";
export { psnr, psnrPerPicture } from "./psnr.js";
export { klRate } from "./rate.js";
export { ssim, ssimPerPicture } from "./ssim.js";
export { type Eigen, symmetricEigen } from "./symmetric-eigen.js";
export { type VelocityVariance, velocityIrreducibleVariance } from "./velocity-variance.js";
