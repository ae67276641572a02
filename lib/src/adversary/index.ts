/** Discriminators and their losses. */
export { adaptiveWeight, delayedStart } from "./adaptive-weight.js";
export type { Adversary, DiscriminatorLoss } from "./adversary.js";
export { createFeatureGan, type FeatureGanOptions } from "./feature-gan.js";
export { gradientPenalty, type PenalisedLogits } from "./gradient-penalty.js";
export { hingeLoss, logisticLoss, pairingLoss } from "./losses.js";
export {
  createPatchDiscriminator,
  type PatchDiscriminator,
  type PatchDiscriminatorOptions,
} from "./patch-discriminator.js";
export { createPatchGan, type PatchGanOptions } from "./patch-gan.js";
export { createR3Gan, type R3Gan, type R3GanOptions } from "./r3gan.js";
export {
  createResidualDiscriminator,
  type ResidualDiscriminator,
  type ResidualDiscriminatorOptions,
} from "./residual-discriminator.js";
