/**
 * latentlab: autoencoders for latent diffusion, on the TensorFlow.js API.
 *
 * Pictures are `[batch, height, width, channels]` everywhere, in [-1, 1] on the engine and 0..255 on the host.
 */
export * from "./adversary/index.js";
export * from "./autoencoder/index.js";
export * from "./autoencoder/kl/index.js";
export * from "./data/index.js";
export * from "./diffusion/index.js";
export type {
  AdamSnapshot,
  CompiledStep,
  DeviceName,
  EngineDescription,
  EngineDetails,
  EngineMemory,
  EngineName,
  EngineOptions,
  InputGradient,
  Precision,
  ValueAndGradients,
} from "./engine/engine.js";
export * as engine from "./engine/index.js";
export * from "./errors.js";
export * from "./losses/index.js";
export * from "./metrics/index.js";
export { addAttentionBlock, attentionBlock, multiHeadAttention } from "./nn/attention.js";
export { dense } from "./nn/dense.js";
export { type GroupNormOptions, groupNorm, groupsOf } from "./nn/group-norm.js";
export { layerNorm, normaliseRows } from "./nn/layer-norm.js";
export { conv2d, silu, upsampleNearest } from "./nn/layers.js";
export {
  addConv2d,
  addDense,
  addGroupNorm,
  type Parameters,
} from "./nn/parameters.js";
export { addResidualBlock, type ResidualBlockOptions, residualBlock } from "./nn/residual-block.js";
export { createNoise, type Noise } from "./noise.js";
export * from "./pretrained/index.js";
export { createRandom, type Random } from "./random.js";
export * from "./safetensors/index.js";
export * from "./statistics/index.js";
export * from "./train/index.js";
