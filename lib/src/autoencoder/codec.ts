import type * as tf from "@tensorflow/tfjs-core";
import type { Parameters } from "../nn/parameters.js";
import type { Bottleneck } from "./bottleneck/bottleneck.js";
import type { Posterior } from "./encoder.js";

/**
 * What training, metrics and diffusion need of an autoencoder: both `createAutoencoder`'s and Stable Diffusion's
 * `AutoencoderKL` are one, and so is anything else with these fields.
 */
export interface Codec {
  /** Trainable tensors by name. */
  readonly parameters: Parameters;
  readonly imageChannels: number;
  readonly latentChannels: number;
  /** Pixels per latent position along one side: `f`. */
  readonly downsampling: number;
  /** Height and width of its pictures, where it takes only these. */
  readonly imageSize?: number;
  /** What happens between encoder and decoder; without it, the posterior of a variational autoencoder is sampled. */
  readonly bottleneck?: readonly Bottleneck[];
  /** Pictures `[batch, height, width, imageChannels]` in [-1, 1] to what the encoder says of their latents. */
  encode(pictures: tf.Tensor4D): Posterior;
  /** Latents `[batch, height / f, width / f, latentChannels]`, as the bottleneck returns them, to pictures. */
  decode(latents: tf.Tensor4D): tf.Tensor4D;
}

/** `[height / f, width / f, latentChannels]` of pictures `[..., height, width, channels]`. */
export function latentShape(
  { downsampling, latentChannels }: Codec,
  pictureShape: readonly number[],
): [height: number, width: number, channels: number] {
  const [height = 0, width = 0] = pictureShape.slice(-3);
  return [Math.floor(height / downsampling), Math.floor(width / downsampling), latentChannels];
}
