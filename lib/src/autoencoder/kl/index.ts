export { decodeTiled, encodeTiled } from "./apply-tiled.js";
export { type AutoencoderKL, createAutoencoderKL } from "./autoencoder-kl.js";
export type { AutoencoderKLConfig } from "./config.js";
export { autoencoderKLConfigs } from "./presets.js";
export { scaleLatents, unscaleLatents } from "./scaling.js";
export type { TilingOptions } from "./tiling.js";
