import * as tf from "@tensorflow/tfjs-core";
import { DataError } from "../../errors.js";
import { requireInteger } from "../../options.js";
import type { Denoiser, NetworkFunction } from "../denoiser.js";
import { rectifiedFlow } from "../flow.js";
import type { DiffusionNetwork } from "../networks/transformer.js";
import { createUnet, type UnetConfig } from "../networks/unet.js";
import { euler } from "../samplers/euler.js";
import { type Sampler, sample } from "../samplers/sampler.js";
import { requireSchedule } from "../schedules.js";

export interface DiffusionDecoderConfig {
  imageChannels: number;
  latentChannels: number;
  /** Pixels per latent position along one side: `f`. */
  downsampling: number;
}

/** A decoder that draws pictures from the distribution of those that belong to the latents. */
export interface DiffusionDecoder
  extends DiffusionNetwork<DiffusionDecoderConfig & { unet: UnetConfig }, tf.Tensor4D> {
  /** On pictures in [-1, 1]; the condition is latents `[batch, height / f, width / f, latentChannels]`. */
  readonly denoiser: Denoiser<tf.Tensor4D>;
  /**
   * Latents to pictures; the values are not clamped to [-1, 1].
   *
   * @param noise standard normal, `[batch, height, width, imageChannels]`
   * @param times from 1 to 0; `[1, 0]` after distillation to one step
   */
  decode(latents: tf.Tensor4D, noise: tf.Tensor4D, times: readonly number[], sampler?: Sampler): tf.Tensor4D;
}

/**
 * A conditional rectified flow on pixels: a U-Net that sees the latents, enlarged to the picture's size, beside the
 * noisy picture. A diffusion decoder in place of one trained against an adversary: DiffusionAE (Preechakul et al.
 * 2022, arXiv:2111.15640), DiTo (Chen et al. 2025, arXiv:2501.18593), SSDD (arXiv:2510.04961).
 *
 * Train `network` with `flowLoss`, the latents being the condition.
 *
 * @param options.unet its widths, blocks, attention and heads; its channels follow
 * @throws ConfigError for options that do not fit each other; EngineError `ERR_ENGINE_NOT_IN_USE` before `engine.use()`
 */
export function createDiffusionDecoder({
  unet: unetOptions = {},
  ...config
}: DiffusionDecoderConfig & { unet?: Partial<UnetConfig> }): DiffusionDecoder {
  const { imageChannels, latentChannels, downsampling } = config;
  for (const [name, value] of Object.entries({ imageChannels, latentChannels, downsampling })) {
    requireInteger(name, value, 1);
  }
  const channels = { inChannels: imageChannels + latentChannels, outChannels: imageChannels };
  const unet = createUnet({ ...unetOptions, ...channels, classes: [] });
  const network: NetworkFunction<tf.Tensor4D> = (noisy, level, latents) =>
    tf.tidy(() => unet.network(joinLatents(noisy, latents, config), level, undefined));
  const denoiser = rectifiedFlow(network);
  return {
    config: { ...config, unet: unet.config },
    parameters: unet.parameters,
    network,
    denoiser,
    decode(latents, noise, times, sampler = euler) {
      requireSchedule(times);
      return sample(sampler, denoiser, noise, times, latents);
    },
    dispose: unet.dispose,
  };
}

/** `[batch, height, width, imageChannels + latentChannels]`, every latent position repeated f x f times. */
function joinLatents(noisy: tf.Tensor4D, latents: tf.Tensor4D, config: DiffusionDecoderConfig): tf.Tensor4D {
  const { downsampling: f, latentChannels } = config;
  const [batch, height, width] = noisy.shape;
  const wanted = [batch, height / f, width / f, latentChannels];
  if (latents.shape.join() !== wanted.join()) {
    const message = `Pictures of shape [${noisy.shape.join(", ")}] belong to latents [${wanted.join(", ")}]; these are [${latents.shape.join(", ")}].`;
    throw new DataError("ERR_SHAPE_MISMATCH", message);
  }
  return tf.concat([noisy, tf.image.resizeNearestNeighbor(latents, [height, width])], 3);
}
