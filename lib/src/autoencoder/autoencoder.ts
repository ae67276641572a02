import { currentEngine } from "../engine/current.js";
import type { Parameters } from "../nn/parameters.js";
import { createRandom } from "../random.js";
import { type Bottleneck, requireBottleneck } from "./bottleneck/bottleneck.js";
import type { Codec } from "./codec.js";
import { type AutoencoderConfig, completeConfig } from "./config.js";
import { decode, drawDecoder } from "./decoder.js";
import { drawEncoder, encode } from "./encoder.js";

/** Parameters are under diffusers' names (`encoder.conv_in.weight`, ...). Filters are `[height, width, in, out]`. */
export interface Autoencoder extends Codec {
  readonly config: Readonly<AutoencoderConfig>;
  readonly imageSize: number;
  /** Frees the parameters. */
  dispose(): void;
}

export interface AutoencoderOptions extends Partial<AutoencoderConfig> {
  /**
   * What happens to the latents between encoder and decoder, in this order. The networks are the same for every
   * bottleneck, and start the same with the same seed: one that needs no variances leaves those outputs unused.
   */
  bottleneck?: readonly Bottleneck[];
}

/**
 * A convolutional autoencoder in the manner of Stable Diffusion's AutoencoderKL (Rombach et al. 2022,
 * arXiv:2112.10752), by default without attention: residual blocks with group normalisation and SiLU, stride-2
 * convolutions down, nearest neighbour and convolution up.
 *
 * @throws ConfigError where the options do not fit each other; EngineError `ERR_ENGINE_NOT_IN_USE` before
 *   `engine.use()`
 */
export function createAutoencoder({ bottleneck, ...options }: AutoencoderOptions = {}): Autoencoder {
  currentEngine(); // throws before any engine is in use, where TensorFlow.js would silently take its slowest
  if (bottleneck) requireBottleneck(bottleneck);
  const config = completeConfig(options);
  const parameters: Parameters = {};
  const blocks = { parameters, config };
  const drawing = { ...blocks, random: createRandom(config.seed) };
  drawEncoder(drawing);
  drawDecoder(drawing);
  const { imageSize, imageChannels, latentChannels, downsampling } = config;
  return {
    ...{ config, parameters, imageSize, imageChannels, latentChannels, downsampling },
    ...(bottleneck && { bottleneck: [...bottleneck] }),
    encode: (pictures) => encode(blocks, pictures),
    decode: (latents) => decode(blocks, latents),
    dispose() {
      for (const variable of Object.values(parameters)) variable.dispose();
    },
  };
}
