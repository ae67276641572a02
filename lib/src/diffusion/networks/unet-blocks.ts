import * as tf from "@tensorflow/tfjs-core";
import { addAttentionBlock, attentionBlock } from "../../nn/attention.js";
import { dense } from "../../nn/dense.js";
import { groupNorm } from "../../nn/group-norm.js";
import { conv2d } from "../../nn/layers.js";
import { addConv2d, addDense, addGroupNorm, type Parameters } from "../../nn/parameters.js";
import { addResidualBlock, residualBlock } from "../../nn/residual-block.js";
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
 * Residual block of DDPM's U-Net: `residualBlock` with `time_emb_proj(embedding)` between its convolutions.
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
    const projected = dense(parameters, `${name}.time_emb_proj`, embedding);
    const offset = tf.reshape(projected, [x.shape[0], 1, 1, -1]);
    return residualBlock(parameters, name, x, { offset });
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
  return attention ? attentionBlock(parameters, `${block}.attentions.${index}`, hidden, { heads }) : hidden;
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
