import * as tf from "@tensorflow/tfjs-core";
import { groupNorm } from "../nn/group-norm.js";
import { conv2d, residualBlock, silu, upsampleNearest } from "../nn/layers.js";
import { addConv2d, addGroupNorm, addResidualBlock, type Parameters } from "../nn/parameters.js";
import type { Random } from "../random.js";
import type { AutoencoderConfig } from "./config.js";

/** Draws the decoder's parameters; the names and their order follow diffusers' `Decoder`. */
export function initialiseDecoder(parameters: Parameters, random: Random, config: AutoencoderConfig): void {
  const { imageChannels, latentChannels } = config;
  const upwards = [...config.widths].reverse();
  let channels = upwards[0] as number;
  addConv2d(parameters, random, "post_quant_conv", 1, latentChannels, latentChannels);
  addConv2d(parameters, random, "decoder.conv_in", 3, latentChannels, channels);
  for (const [level, width] of upwards.entries()) {
    const block = `decoder.up_blocks.${level}`;
    addResidualBlock(parameters, random, `${block}.resnets.0`, channels, width);
    channels = width;
    if (level < upwards.length - 1)
      addConv2d(parameters, random, `${block}.upsamplers.0.conv`, 3, width, width);
  }
  addGroupNorm(parameters, "decoder.conv_norm_out", channels);
  addConv2d(parameters, random, "decoder.conv_out", 3, channels, imageChannels);
}

/** Latents `[batch, height / f, width / f, latentChannels]` to `[batch, height, width, imageChannels]`. */
export function decode(parameters: Parameters, config: AutoencoderConfig, latents: tf.Tensor4D): tf.Tensor4D {
  return tf.tidy(() => {
    const highest = config.widths.length - 1;
    let hidden = conv2d(parameters, "decoder.conv_in", conv2d(parameters, "post_quant_conv", latents));
    for (let level = 0; level <= highest; level++) {
      const block = `decoder.up_blocks.${level}`;
      hidden = residualBlock(parameters, `${block}.resnets.0`, hidden);
      if (level < highest) hidden = conv2d(parameters, `${block}.upsamplers.0.conv`, upsampleNearest(hidden));
    }
    hidden = silu(groupNorm(parameters, "decoder.conv_norm_out", hidden));
    return conv2d(parameters, "decoder.conv_out", hidden);
  });
}
