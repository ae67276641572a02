/** Diffusion on latents: parametrisations, losses, samplers, networks, conditions, latent cache, diffusion decoders. */
export {
  dropLabels,
  noLabels,
  nullLabel,
  toLabels,
} from "./conditioning.js";
export { epsilonDdpm, epsilonLoss, velocityDdpm, velocityLoss } from "./ddpm.js";
export {
  type AdversarialTerms,
  adversarialDiscriminatorLoss,
  adversarialStudentLoss,
  type Discriminator,
} from "./decoder/adversarial.js";
export {
  type ConsistencyBatch,
  consistencyLoss,
  consistencySampler,
  consistencyTargets,
  consistencyTimes,
} from "./decoder/consistency.js";
export {
  createDiffusionDecoder,
  type DiffusionDecoder,
  type DiffusionDecoderConfig,
} from "./decoder/diffusion-decoder.js";
export type { Denoiser, NetworkFunction, NoisyBatch } from "./denoiser.js";
export { type EdmOptions, edm, edmLoss } from "./edm.js";
export { flowLoss, rectifiedFlow } from "./flow.js";
export { type GuidanceOptions, guide } from "./guidance.js";
export {
  type CacheOptions,
  cacheLatents,
  drawPosterior,
  type LatentCache,
  latentTensors,
  makeLatentCache,
  standardiseCache,
} from "./latents/cache.js";
export { loadLatents, saveLatents } from "./latents/save.js";
export {
  type Standardisation,
  standardise,
  standardiseSpread,
  unstandardise,
} from "./latents/standardise.js";
export { type LatentScales, measureScales } from "./latents/statistics.js";
export {
  createTransformer,
  type DiffusionNetwork,
  type Labels,
  type TransformerConfig,
} from "./networks/transformer.js";
export { createUnet, type UnetConfig } from "./networks/unet.js";
export { addNoise, cosinePath, edmPath, flowPath, linearPath, type Mixture, type Path } from "./path.js";
export { ddim, stochasticDdim } from "./samplers/ddim.js";
export { euler } from "./samplers/euler.js";
export { type GenerateOptions, generate } from "./samplers/generate.js";
export { type ChurnOptions, heun, heunWithChurn } from "./samplers/heun.js";
export { type Sampler, type Step, sample, startingNoise } from "./samplers/sampler.js";
export { karrasSchedule, uniformSchedule } from "./schedules.js";
export { dimensionShift, logitNormalTimes, logNormalSigmas, shiftTimes, uniformTimes } from "./times.js";
