import * as tf from "@tensorflow/tfjs-core";
import { attentionBlock } from "../../nn/attention.js";
import { dense } from "../../nn/dense.js";
import { groupNorm } from "../../nn/group-norm.js";
import { conv2d } from "../../nn/layers.js";
import {
  addAttentionBlock,
  addConv2d,
  addDense,
  addGroupNorm,
  addResidualBlock,
  type Parameters,
} from "../../nn/parameters.js";
import type { Random } from "../../random.js";
import { setToZero } from "./variables.js";

/** Draws the parameters of `timedResidualBlock`, which starts as the identity (or its shortcut's projection). */
export function addTimedResidualBlock(
  parameters: Parameters,
  random: Random,
  name: string,
  inChannels: number,
  outChannels: number,
  embeddingWidth: number,
): void {
  addResidualBlock(parameters, random, name, inChannels, outChannels);
  addDense(parameters, random, `${name}.time_emb_proj`, embeddingWidth, outChannels);
  setToZero(parameters, `${name}.conv2`);
}

/**
 * Residual block of DDPM's U-Net (diffusers' `ResnetBlock2D`): `x + conv2(silu(norm2(conv1(silu(norm1(x))) +
 * time_emb_proj(embedding))))`, with a 1 x 1 convolution on the shortcut where `conv_shortcut` exists.
 *
 * @param x `[batch, height, width, channels]`
 * @param embedding `[batch, width]`, after its SiLU
 * @returns `[batch, height, width, outChannels]`
 */
export function timedResidualBlock(
  parameters: Parameters,
  name: string,
  x: tf.Tensor4D,
  embedding: tf.Tensor2D,
): tf.Tensor4D {
  return tf.tidy(() => {
    const normalise = (norm: string, hidden: tf.Tensor4D) =>
      groupNorm(parameters, `${name}.${norm}`, hidden, { activation: "silu" });
    const first = conv2d(parameters, `${name}.conv1`, normalise("norm1", x));
    const offset = dense(parameters, `${name}.time_emb_proj`, embedding);
    const shifted: tf.Tensor4D = tf.add(first, tf.reshape(offset, [x.shape[0], 1, 1, -1]));
    const second = conv2d(parameters, `${name}.conv2`, normalise("norm2", shifted));
    const hasProjection = `${name}.conv_shortcut.weight` in parameters;
    return tf.add(hasProjection ? conv2d(parameters, `${name}.conv_shortcut`, x) : x, second) as tf.Tensor4D;
  });
}

/** One stop of the U-Net: a residual block, and attention after it where the layout says so. */
export interface Stop {
  /** Parameters' common beginning, `down_blocks.1` for example, and the number of the block in it. */
  block: string;
  index: number;
  inChannels: number;
  outChannels: number;
  attention: boolean;
}

export function addStop(parameters: Parameters, random: Random, stop: Stop, embeddingWidth: number): void {
  const { block, index, inChannels, outChannels, attention } = stop;
  const resnet = `${block}.resnets.${index}`;
  addTimedResidualBlock(parameters, random, resnet, inChannels, outChannels, embeddingWidth);
  if (!attention) return;
  addAttentionBlock(parameters, random, `${block}.attentions.${index}`, outChannels);
  setToZero(parameters, `${block}.attentions.${index}.to_out.0`);
}

export function applyStop(
  parameters: Parameters,
  { block, index, attention }: Stop,
  x: tf.Tensor4D,
  embedding: tf.Tensor2D,
  heads: number,
): tf.Tensor4D {
  const hidden = timedResidualBlock(parameters, `${block}.resnets.${index}`, x, embedding);
  return attention ? attentionBlock(parameters, `${block}.attentions.${index}`, hidden, heads) : hidden;
}

export function addOutput(
  parameters: Parameters,
  random: Random,
  inChannels: number,
  outChannels: number,
): void {
  addGroupNorm(parameters, "conv_norm_out", inChannels);
  addConv2d(parameters, random, "conv_out", 3, inChannels, outChannels);
  setToZero(parameters, "conv_out");
}

export function applyOutput(parameters: Parameters, x: tf.Tensor4D): tf.Tensor4D {
  return conv2d(parameters, "conv_out", groupNorm(parameters, "conv_norm_out", x, { activation: "silu" }));
}
