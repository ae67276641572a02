import * as tf from "@tensorflow/tfjs-core";
import { attend } from "../nn/attention.js";
import { conv2d } from "../nn/layers.js";
import { addNormalisation, normalise, normaliseAndActivate } from "../nn/normalise.js";
import { addConv2d, addDense, type Parameters } from "../nn/parameters.js";
import type { Random } from "../random.js";
import type { AutoencoderConfig } from "./config.js";

/** A model's parameters and what decides how its blocks are built. */
export interface Blocks {
  parameters: Parameters;
  config: AutoencoderConfig;
}

/** The same where parameters are drawn. */
export interface Drawing extends Blocks {
  random: Random;
}

const projections = ["to_q", "to_k", "to_v", "to_out.0"];

/** Draws the residual blocks of one resolution, `<name>.resnets.0` and on, and what attention belongs to them. */
export function drawLevel(
  { parameters, random, config }: Drawing,
  name: string,
  size: number,
  inChannels: number,
  outChannels: number,
): void {
  for (let index = 0; index < config.blocksPerLevel; index++) {
    const channels = index === 0 ? inChannels : outChannels;
    drawResidualBlock({ parameters, random, config }, `${name}.resnets.${index}`, channels, outChannels);
    if (!config.attentionSizes.includes(size)) continue;
    drawAttention({ parameters, random, config }, `${name}.attentions.${index}`, outChannels);
  }
}

/** Runs them; `x` `[batch, size, size, inChannels]`. */
export function runLevel(blocks: Blocks, name: string, x: tf.Tensor4D): tf.Tensor4D {
  let hidden = x;
  for (let index = 0; index < blocks.config.blocksPerLevel; index++) {
    hidden = residualBlock(blocks, `${name}.resnets.${index}`, hidden);
    const attention = `${name}.attentions.${index}`;
    if (`${attention}.to_q.weight` in blocks.parameters) hidden = attentionBlock(blocks, attention, hidden);
  }
  return hidden;
}

/** Draws the blocks at the latents' resolution. */
export function drawMiddle(drawing: Drawing, name: string, channels: number): void {
  const { middle } = drawing.config;
  if (middle === "none") return;
  drawResidualBlock(drawing, `${name}.resnets.0`, channels, channels);
  if (middle === "attention") drawAttention(drawing, `${name}.attentions.0`, channels);
  drawResidualBlock(drawing, `${name}.resnets.1`, channels, channels);
}

export function runMiddle(blocks: Blocks, name: string, x: tf.Tensor4D): tf.Tensor4D {
  const { middle } = blocks.config;
  if (middle === "none") return x;
  const first = residualBlock(blocks, `${name}.resnets.0`, x);
  const mixed = middle === "attention" ? attentionBlock(blocks, `${name}.attentions.0`, first) : first;
  return residualBlock(blocks, `${name}.resnets.1`, mixed);
}

function drawResidualBlock(
  { parameters, random, config }: Drawing,
  name: string,
  inChannels: number,
  outChannels: number,
): void {
  addNormalisation(parameters, config.norm, `${name}.norm1`, inChannels);
  addConv2d(parameters, random, `${name}.conv1`, 3, inChannels, outChannels);
  addNormalisation(parameters, config.norm, `${name}.norm2`, outChannels);
  addConv2d(parameters, random, `${name}.conv2`, 3, outChannels, outChannels);
  if (inChannels !== outChannels) {
    addConv2d(parameters, random, `${name}.conv_shortcut`, 1, inChannels, outChannels);
  }
}

/** `x + conv2(silu(norm2(conv1(silu(norm1(x))))))`, with a 1 x 1 convolution on `x` where the widths differ. */
function residualBlock({ parameters, config }: Blocks, name: string, x: tf.Tensor4D): tf.Tensor4D {
  const activate = (norm: string, hidden: tf.Tensor4D) =>
    normaliseAndActivate(parameters, config.norm, `${name}.${norm}`, hidden);
  const first = conv2d(parameters, `${name}.conv1`, activate("norm1", x));
  const second = conv2d(parameters, `${name}.conv2`, activate("norm2", first));
  const shortcut = `${name}.conv_shortcut`;
  return tf.add(`${shortcut}.weight` in parameters ? conv2d(parameters, shortcut, x) : x, second);
}

function drawAttention({ parameters, random, config }: Drawing, name: string, channels: number): void {
  addNormalisation(parameters, config.norm, `${name}.group_norm`, channels);
  for (const projection of projections)
    addDense(parameters, random, `${name}.${projection}`, channels, channels);
}

/** `x + attention(norm(x))` over all positions, with one head, as in the middle of SD's autoencoder. */
function attentionBlock({ parameters, config }: Blocks, name: string, x: tf.Tensor4D): tf.Tensor4D {
  const normalised = normalise(parameters, config.norm, `${name}.group_norm`, x);
  return tf.add(x, attend(parameters, name, normalised));
}
