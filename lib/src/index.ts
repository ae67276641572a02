/**
 * latentlab: autoencoders for latent diffusion, on the TensorFlow.js API.
 *
 * Pictures are `[batch, height, width, channels]` everywhere, in [-1, 1] on the engine and 0..255 on the host.
 */
export {
  decodeLatents,
  type EncodedImages,
  encodeImages,
  reconstruct,
  sampleLatents,
} from "./autoencoder/apply.js";
export { type Autoencoder, createAutoencoder } from "./autoencoder/autoencoder.js";
export type { AutoencoderConfig } from "./autoencoder/config.js";
export type { Posterior } from "./autoencoder/encoder.js";
export { type CardFactors, cards, glyphNames } from "./data/cards.js";
export { contactSheet } from "./data/contact-sheet.js";
export { type ImageFolderOptions, imageFolder } from "./data/image-folder.js";
export {
  type FloatArray,
  type ImageSet,
  type Pictures,
  pictures,
  selectImages,
  splitImages,
  toTensor,
} from "./data/image-set.js";
export type { EngineDescription, EngineDetails, EngineName } from "./engine/engine.js";
export * as engine from "./engine/index.js";
export * from "./errors.js";
export {
  type ChannelStatistics,
  type LatentStatistics,
  latentStatistics,
} from "./metrics/latent-statistics.js";
export { psnr, psnrPerPicture } from "./metrics/psnr.js";
export { klRate } from "./metrics/rate.js";
export { groupNorm, groupsOf } from "./nn/group-norm.js";
export { conv2d, residualBlock, silu, upsampleNearest } from "./nn/layers.js";
export { addConv2d, addGroupNorm, addResidualBlock, type Parameters } from "./nn/parameters.js";
export { createRandom, type Random } from "./random.js";
export { type FitOptions, fit, type TrainingEvent } from "./train/fit.js";
export { autoencoderLoss, klDivergence, type LossTerms, squaredError } from "./train/loss.js";
