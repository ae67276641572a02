import * as tf from "@tensorflow/tfjs-core";
import {
  attentionBlock,
  conv2d,
  groupNorm,
  type Parameters,
  residualBlock,
  upsampleNearest,
} from "../../src/index.js";
import type { BenchmarkModel } from "./model.js";
import { Weights } from "./weights.js";

export interface AutoencoderKlOptions {
  batch: number;
  /** Height and width of the pictures, in pixels. */
  imageSize: number;
  /** Channels at each resolution, from the full one downwards. */
  widths: number[];
  latentChannels: number;
}

/**
 * L: Stable Diffusion's autoencoder (Rombach et al. 2022, arXiv:2112.10752), layer for layer as in diffusers'
 * `AutoencoderKL`: two residual blocks a resolution down and three up, and self-attention at the lowest resolution.
 * With the widths 128, 256, 512, 512 it has 83.7 million parameters.
 *
 * The loss is the sum of squared errors and a KL divergence (without its constant) of weight 1e-6, per picture.
 */
export function createAutoencoderKl(options: AutoencoderKlOptions): BenchmarkModel {
  const { batch, imageSize, widths, latentChannels } = options;
  const weights = new Weights();
  initialise(weights, options);
  const pictures = weights.uniform([batch, imageSize, imageSize, 3], 1);
  const latentSize = imageSize / 2 ** (widths.length - 1);
  const noise = weights.uniform([batch, latentSize, latentSize, latentChannels], 1.5);
  const { parameters } = weights;
  return {
    parameters,
    inputs: { pictures, noise },
    learningRate: 1e-4,
    loss: ({ pictures, noise }) => {
      const { mean, logvar } = encode(parameters, widths, pictures as tf.Tensor4D);
      const latents = tf.add(mean, tf.mul(noise as tf.Tensor4D, tf.exp(tf.mul(logvar, 0.5)))) as tf.Tensor4D;
      const output = decode(parameters, widths, latents);
      const squaredError = tf.sum(tf.square(tf.sub(output, pictures as tf.Tensor4D)));
      const divergence = tf.sum(tf.sub(tf.add(tf.square(mean), tf.exp(logvar)), logvar));
      return tf.div(tf.add(squaredError, tf.mul(divergence, 0.5e-6)), batch);
    },
    dispose: () => tf.dispose(parameters),
  };
}

function encode(parameters: Parameters, widths: number[], pictures: tf.Tensor4D) {
  const lowest = widths.length - 1;
  let hidden = conv2d(parameters, "encoder.conv_in", pictures);
  for (let level = 0; level <= lowest; level++) {
    const block = `encoder.down_blocks.${level}`;
    for (const index of [0, 1]) hidden = residualBlock(parameters, `${block}.resnets.${index}`, hidden);
    // "same" padding at stride 2 pads one side, as diffusers does.
    if (level < lowest) hidden = conv2d(parameters, `${block}.downsamplers.0.conv`, hidden, 2);
  }
  hidden = middle(parameters, "encoder.mid_block", hidden);
  hidden = groupNorm(parameters, "encoder.conv_norm_out", hidden, { activation: "silu" });
  hidden = conv2d(parameters, "encoder.conv_out", hidden);
  const [mean, logvar] = tf.split(conv2d(parameters, "quant_conv", hidden), 2, 3) as [
    tf.Tensor4D,
    tf.Tensor4D,
  ];
  return { mean, logvar: tf.clipByValue(logvar, -30, 20) };
}

function decode(parameters: Parameters, widths: number[], latents: tf.Tensor4D): tf.Tensor4D {
  const highest = widths.length - 1;
  let hidden = conv2d(parameters, "decoder.conv_in", conv2d(parameters, "post_quant_conv", latents));
  hidden = middle(parameters, "decoder.mid_block", hidden);
  for (let level = 0; level <= highest; level++) {
    const block = `decoder.up_blocks.${level}`;
    for (const index of [0, 1, 2]) hidden = residualBlock(parameters, `${block}.resnets.${index}`, hidden);
    if (level < highest) hidden = conv2d(parameters, `${block}.upsamplers.0.conv`, upsampleNearest(hidden));
  }
  hidden = groupNorm(parameters, "decoder.conv_norm_out", hidden, { activation: "silu" });
  return conv2d(parameters, "decoder.conv_out", hidden);
}

function middle(parameters: Parameters, name: string, x: tf.Tensor4D): tf.Tensor4D {
  const first = residualBlock(parameters, `${name}.resnets.0`, x);
  const attended = attentionBlock(parameters, `${name}.attentions.0`, first);
  return residualBlock(parameters, `${name}.resnets.1`, attended);
}

function initialise(weights: Weights, { widths, latentChannels }: AutoencoderKlOptions): void {
  const lowest = widths.length - 1;
  const bottom = widths[lowest] as number;
  let channels = widths[0] as number;
  weights.convolution("encoder.conv_in", 3, 3, channels);
  for (const [level, width] of widths.entries()) {
    const block = `encoder.down_blocks.${level}`;
    for (const index of [0, 1]) {
      addResidualBlock(weights, `${block}.resnets.${index}`, channels, width);
      channels = width;
    }
    if (level < lowest) weights.convolution(`${block}.downsamplers.0.conv`, 3, width, width);
  }
  addMiddle(weights, "encoder.mid_block", bottom);
  weights.norm("encoder.conv_norm_out", bottom);
  weights.convolution("encoder.conv_out", 3, bottom, 2 * latentChannels);
  weights.convolution("quant_conv", 1, 2 * latentChannels, 2 * latentChannels);

  weights.convolution("post_quant_conv", 1, latentChannels, latentChannels);
  weights.convolution("decoder.conv_in", 3, latentChannels, bottom);
  addMiddle(weights, "decoder.mid_block", bottom);
  for (const [level, width] of [...widths].reverse().entries()) {
    const block = `decoder.up_blocks.${level}`;
    for (const index of [0, 1, 2]) {
      addResidualBlock(weights, `${block}.resnets.${index}`, channels, width);
      channels = width;
    }
    if (level < lowest) weights.convolution(`${block}.upsamplers.0.conv`, 3, width, width);
  }
  weights.norm("decoder.conv_norm_out", channels);
  weights.convolution("decoder.conv_out", 3, channels, 3);
}

function addMiddle(weights: Weights, name: string, channels: number): void {
  for (const index of [0, 1]) addResidualBlock(weights, `${name}.resnets.${index}`, channels, channels);
  weights.norm(`${name}.attentions.0.group_norm`, channels);
  for (const layer of ["to_q", "to_k", "to_v", "to_out.0"])
    weights.dense(`${name}.attentions.0.${layer}`, channels, channels);
}

function addResidualBlock(weights: Weights, name: string, inChannels: number, outChannels: number): void {
  weights.norm(`${name}.norm1`, inChannels);
  weights.convolution(`${name}.conv1`, 3, inChannels, outChannels);
  weights.norm(`${name}.norm2`, outChannels);
  weights.convolution(`${name}.conv2`, 3, outChannels, outChannels);
  if (inChannels !== outChannels) weights.convolution(`${name}.conv_shortcut`, 1, inChannels, outChannels);
}
