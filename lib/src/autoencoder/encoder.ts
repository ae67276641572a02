import * as tf from "@tensorflow/tfjs-core";
import { conv2d } from "../nn/layers.js";
import { addNormalisation, normaliseAndActivate } from "../nn/normalise.js";
import { addConv2d } from "../nn/parameters.js";
import { averagingShortcut } from "../nn/space-to-channel.js";
import { type Blocks, type Drawing, drawLevel, drawMiddle, runLevel, runMiddle } from "./blocks.js";

/** The diagonal Gaussian that the encoder returns; both `[batch, height / f, width / f, latentChannels]`. */
export interface Posterior {
  mean: tf.Tensor4D;
  /** Logarithm of the variance, clamped to [-30, 20] as in latent diffusion's code. */
  logvar: tf.Tensor4D;
}

/** Draws the encoder's parameters; the names and their order follow diffusers' `Encoder`. */
export function drawEncoder(drawing: Drawing): void {
  const { parameters, random, config } = drawing;
  const { widths, imageSize, imageChannels, latentChannels } = config;
  const lowest = widths.length - 1;
  let channels = widths[0] as number;
  addConv2d(parameters, random, "encoder.conv_in", 3, imageChannels, channels);
  for (const [level, width] of widths.entries()) {
    const block = `encoder.down_blocks.${level}`;
    drawLevel(drawing, block, imageSize / 2 ** level, channels, width);
    channels = width;
    if (level === lowest) continue;
    // With shortcuts the resampling changes the width, so that space can become channels.
    if (config.shortcuts === "spaceToChannel") channels = widths[level + 1] as number;
    addConv2d(parameters, random, `${block}.downsamplers.0.conv`, 3, width, channels);
  }
  drawMiddle(drawing, "encoder.mid_block", channels);
  addNormalisation(parameters, config.norm, "encoder.conv_norm_out", channels);
  addConv2d(parameters, random, "encoder.conv_out", 3, channels, 2 * latentChannels);
  addConv2d(parameters, random, "quant_conv", 1, 2 * latentChannels, 2 * latentChannels);
}

/** `[batch, height, width, imageChannels]` to the posterior of the latents. */
export function encode(blocks: Blocks, pictures: tf.Tensor4D): Posterior {
  const { parameters, config } = blocks;
  return tf.tidy(() => {
    const lowest = config.widths.length - 1;
    let hidden = conv2d(parameters, "encoder.conv_in", pictures);
    for (let level = 0; level <= lowest; level++) {
      const block = `encoder.down_blocks.${level}`;
      hidden = runLevel(blocks, block, hidden);
      if (level < lowest) hidden = downsample(blocks, `${block}.downsamplers.0.conv`, hidden);
    }
    hidden = runMiddle(blocks, "encoder.mid_block", hidden);
    hidden = normaliseAndActivate(parameters, "encoder.conv_norm_out", hidden, config);
    const moments = conv2d(parameters, "quant_conv", conv2d(parameters, "encoder.conv_out", hidden));
    const [mean, logvar] = tf.split(moments, 2, 3) as [tf.Tensor4D, tf.Tensor4D];
    return { mean, logvar: tf.clipByValue(logvar, -30, 20) };
  });
}

/** A convolution with stride 2, and the shortcut round it where the model has shortcuts. */
function downsample({ parameters, config }: Blocks, name: string, x: tf.Tensor4D): tf.Tensor4D {
  const convolved = conv2d(parameters, name, x, 2);
  if (config.shortcuts === "none") return convolved;
  return tf.add(convolved, averagingShortcut(x, convolved.shape[3]));
}
