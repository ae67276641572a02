import * as tf from "@tensorflow/tfjs-core";
import { groupNorm } from "../nn/group-norm.js";
import { conv2d, residualBlock, silu } from "../nn/layers.js";
import { addConv2d, addGroupNorm, addResidualBlock, type Parameters } from "../nn/parameters.js";
import type { Random } from "../random.js";
import type { AutoencoderConfig } from "./config.js";

/** The diagonal Gaussian that the encoder returns; both `[batch, height / f, width / f, latentChannels]`. */
export interface Posterior {
  mean: tf.Tensor4D;
  /** Logarithm of the variance, clamped to [-30, 20] as in latent diffusion's code. */
  logvar: tf.Tensor4D;
}

/** Draws the encoder's parameters; the names and their order follow diffusers' `Encoder`. */
export function initialiseEncoder(parameters: Parameters, random: Random, config: AutoencoderConfig): void {
  const { widths, imageChannels, latentChannels } = config;
  const lowest = widths.length - 1;
  let channels = widths[0] as number;
  addConv2d(parameters, random, "encoder.conv_in", 3, imageChannels, channels);
  for (const [level, width] of widths.entries()) {
    const block = `encoder.down_blocks.${level}`;
    addResidualBlock(parameters, random, `${block}.resnets.0`, channels, width);
    channels = width;
    if (level < lowest) addConv2d(parameters, random, `${block}.downsamplers.0.conv`, 3, width, width);
  }
  addGroupNorm(parameters, "encoder.conv_norm_out", channels);
  addConv2d(parameters, random, "encoder.conv_out", 3, channels, 2 * latentChannels);
  addConv2d(parameters, random, "quant_conv", 1, 2 * latentChannels, 2 * latentChannels);
}

/** `[batch, height, width, imageChannels]` to the posterior of the latents. */
export function encode(parameters: Parameters, config: AutoencoderConfig, pictures: tf.Tensor4D): Posterior {
  return tf.tidy(() => {
    const lowest = config.widths.length - 1;
    let hidden = conv2d(parameters, "encoder.conv_in", pictures);
    for (let level = 0; level <= lowest; level++) {
      const block = `encoder.down_blocks.${level}`;
      hidden = residualBlock(parameters, `${block}.resnets.0`, hidden);
      if (level < lowest) hidden = conv2d(parameters, `${block}.downsamplers.0.conv`, hidden, 2);
    }
    hidden = silu(groupNorm(parameters, "encoder.conv_norm_out", hidden));
    const moments = conv2d(parameters, "quant_conv", conv2d(parameters, "encoder.conv_out", hidden));
    const [mean, logvar] = tf.split(moments, 2, 3) as [tf.Tensor4D, tf.Tensor4D];
    return { mean, logvar: tf.clipByValue(logvar, -30, 20) };
  });
}
