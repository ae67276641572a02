import type * as tf from "@tensorflow/tfjs-core";
import { describe as describeEngine } from "../engine/index.js";
import type { Parameters } from "../nn/parameters.js";
import { createRandom } from "../random.js";
import { type AutoencoderConfig, completeConfig } from "./config.js";
import { decode, initialiseDecoder } from "./decoder.js";
import { encode, initialiseEncoder, type Posterior } from "./encoder.js";

export interface Autoencoder {
  readonly config: Readonly<AutoencoderConfig>;
  /** Trainable tensors under diffusers' names (`encoder.conv_in.weight`, ...). Filters are `[height, width, in, out]`. */
  readonly parameters: Parameters;
  /** Pictures `[batch, height, width, channels]` in [-1, 1] to the distribution of their latents. */
  encode(pictures: tf.Tensor4D): Posterior;
  /** Latents `[batch, height / f, width / f, latentChannels]` to pictures; the values are not clamped to [-1, 1]. */
  decode(latents: tf.Tensor4D): tf.Tensor4D;
  /** Frees the parameters. */
  dispose(): void;
}

/**
 * A convolutional variational autoencoder in the manner of Stable Diffusion's AutoencoderKL (Rombach et al. 2022,
 * arXiv:2112.10752), without attention: residual blocks with group normalisation and SiLU, stride-2 convolutions
 * down, nearest neighbour and convolution up.
 *
 * @throws ConfigError where the options do not fit each other; EngineError `ERR_ENGINE_NOT_IN_USE` before `engine.use()`
 */
export function createAutoencoder(options: Partial<AutoencoderConfig> = {}): Autoencoder {
  describeEngine(); // throws before any engine is in use, where TensorFlow.js would silently take its slowest
  const config = completeConfig(options);
  const random = createRandom(config.seed);
  const parameters: Parameters = {};
  initialiseEncoder(parameters, random, config);
  initialiseDecoder(parameters, random, config);
  return {
    config,
    parameters,
    encode: (pictures) => encode(parameters, config, pictures),
    decode: (latents) => decode(parameters, config, latents),
    dispose() {
      for (const variable of Object.values(parameters)) variable.dispose();
    },
  };
}
