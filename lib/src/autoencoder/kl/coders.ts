import * as tf from "@tensorflow/tfjs-core";
import { conv2d, upsampleNearest } from "../../nn/layers.js";
import { normaliseAndActivate } from "../../nn/normalise.js";
import { type BlockContext, downsample, middleBlock, residualBlocks } from "./blocks.js";
import type { AutoencoderKLConfig } from "./config.js";

/**
 * The encoder and `quant_conv`.
 *
 * @param pictures `[batch, height, width, inChannels]`
 * @returns `[batch, height / f, width / f, 2 * latentChannels]`, rounded down: means, then logarithms of variances
 */
export function encodeMoments(
  context: BlockContext,
  config: AutoencoderKLConfig,
  pictures: tf.Tensor4D,
): tf.Tensor4D {
  return tf.tidy(() => {
    const { parameters } = context;
    const lowest = config.blockOutChannels.length - 1;
    let hidden = conv2d(parameters, "encoder.conv_in", pictures);
    for (let level = 0; level <= lowest; level++) {
      const block = `encoder.down_blocks.${level}`;
      hidden = residualBlocks(context, block, config.layersPerBlock, config.downAttention[level], hidden);
      if (level < lowest) hidden = downsample(context, `${block}.downsamplers.0.conv`, hidden);
    }
    hidden = middleBlock(context, "encoder.mid_block", config.midBlockAddAttention, hidden);
    hidden = normaliseAndActivate(parameters, "encoder.conv_norm_out", hidden, context);
    const moments = conv2d(parameters, "encoder.conv_out", hidden);
    return config.useQuantConv ? conv2d(parameters, "quant_conv", moments) : moments;
  });
}

/**
 * `post_quant_conv` and the decoder.
 *
 * @param latents `[batch, height, width, latentChannels]`
 * @returns `[batch, height * f, width * f, outChannels]`
 */
export function decodeLatent(
  context: BlockContext,
  config: AutoencoderKLConfig,
  latents: tf.Tensor4D,
): tf.Tensor4D {
  return tf.tidy(() => {
    const { parameters } = context;
    const highest = config.blockOutChannels.length - 1;
    const prepared = config.usePostQuantConv ? conv2d(parameters, "post_quant_conv", latents) : latents;
    let hidden = conv2d(parameters, "decoder.conv_in", prepared);
    hidden = middleBlock(context, "decoder.mid_block", config.midBlockAddAttention, hidden);
    for (let level = 0; level <= highest; level++) {
      const block = `decoder.up_blocks.${level}`;
      hidden = residualBlocks(context, block, config.layersPerBlock + 1, config.upAttention[level], hidden);
      if (level < highest) hidden = conv2d(parameters, `${block}.upsamplers.0.conv`, upsampleNearest(hidden));
    }
    hidden = normaliseAndActivate(parameters, "decoder.conv_norm_out", hidden, context);
    return conv2d(parameters, "decoder.conv_out", hidden);
  });
}
