import * as tf from "@tensorflow/tfjs-core";
import { conv2d, upsampleNearest } from "../nn/layers.js";
import { addNormalisation, normaliseAndActivate } from "../nn/normalise.js";
import { addConv2d } from "../nn/parameters.js";
import { duplicatingShortcut } from "../nn/space-to-channel.js";
import { type Blocks, type Drawing, drawLevel, drawMiddle, runLevel, runMiddle } from "./blocks.js";

/** Draws the decoder's parameters; the names and their order follow diffusers' `Decoder`. */
export function drawDecoder(drawing: Drawing): void {
  const { parameters, random, config } = drawing;
  const { imageSize, imageChannels, latentChannels, downsampling } = config;
  const upwards = [...config.decoderWidths].reverse();
  let channels = upwards[0] as number;
  addConv2d(parameters, random, "post_quant_conv", 1, latentChannels, latentChannels);
  addConv2d(parameters, random, "decoder.conv_in", 3, latentChannels, channels);
  drawMiddle(drawing, "decoder.mid_block", channels);
  for (const [level, width] of upwards.entries()) {
    const block = `decoder.up_blocks.${level}`;
    drawLevel(drawing, block, (imageSize / downsampling) * 2 ** level, channels, width);
    channels = width;
    if (level === upwards.length - 1) continue;
    if (config.shortcuts === "spaceToChannel") channels = upwards[level + 1] as number;
    addConv2d(parameters, random, `${block}.upsamplers.0.conv`, 3, width, channels);
  }
  addNormalisation(parameters, config.norm, "decoder.conv_norm_out", channels);
  addConv2d(parameters, random, "decoder.conv_out", 3, channels, imageChannels);
}

/** Latents `[batch, height / f, width / f, latentChannels]` to `[batch, height, width, imageChannels]`. */
export function decode(blocks: Blocks, latents: tf.Tensor4D): tf.Tensor4D {
  const { parameters, config } = blocks;
  return tf.tidy(() => {
    const highest = config.decoderWidths.length - 1;
    let hidden = conv2d(parameters, "decoder.conv_in", conv2d(parameters, "post_quant_conv", latents));
    hidden = runMiddle(blocks, "decoder.mid_block", hidden);
    for (let level = 0; level <= highest; level++) {
      const block = `decoder.up_blocks.${level}`;
      hidden = runLevel(blocks, block, hidden);
      if (level < highest) hidden = upsample(blocks, `${block}.upsamplers.0.conv`, hidden);
    }
    hidden = normaliseAndActivate(parameters, "decoder.conv_norm_out", hidden, config);
    return conv2d(parameters, "decoder.conv_out", hidden);
  });
}

/** Every pixel doubled and a convolution, and the shortcut round both where the model has shortcuts. */
function upsample({ parameters, config }: Blocks, name: string, x: tf.Tensor4D): tf.Tensor4D {
  const convolved = conv2d(parameters, name, upsampleNearest(x));
  if (config.shortcuts === "none") return convolved;
  return tf.add(convolved, duplicatingShortcut(x, convolved.shape[3]));
}
