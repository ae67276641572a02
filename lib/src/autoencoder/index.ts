export {
  decodeLatents,
  drawLatents,
  type EncodedImages,
  encodeImages,
  reconstruct,
  sampleLatents,
} from "./apply.js";
export { type Autoencoder, type AutoencoderOptions, createAutoencoder } from "./autoencoder.js";
export * from "./bottleneck/index.js";
export { type Codec, latentShape } from "./codec.js";
export type { AutoencoderConfig } from "./config.js";
export type { Posterior } from "./encoder.js";
export * from "./kl/index.js";
