import * as tf from "@tensorflow/tfjs-core";
import { attend } from "../../nn/attention.js";
import { groupNorm } from "../../nn/group-norm.js";
import { conv2d, residualBlock } from "../../nn/layers.js";
import type { Parameters } from "../../nn/parameters.js";

/** What the blocks of one model share. */
export interface BlockContext {
  parameters: Parameters;
  /** Groups of every group normalisation. */
  groups: number;
}

export function normaliseAndActivate(context: BlockContext, name: string, x: tf.Tensor4D): tf.Tensor4D {
  return groupNorm(context.parameters, name, x, { groups: context.groups, activation: "silu" });
}

/** diffusers' `Attention` over all positions, with one head and the input added to its result. */
export function attentionBlock(context: BlockContext, name: string, x: tf.Tensor4D): tf.Tensor4D {
  const { parameters, groups } = context;
  return tf.add(x, attend(parameters, name, groupNorm(parameters, `${name}.group_norm`, x, { groups })));
}

/** Residual blocks `resnets.0`, `resnets.1`, ..., each followed by attention where there is some. */
export function residualBlocks(
  context: BlockContext,
  block: string,
  count: number,
  hasAttention: boolean | undefined,
  x: tf.Tensor4D,
): tf.Tensor4D {
  let hidden = x;
  for (let index = 0; index < count; index++) {
    hidden = residualBlock(context.parameters, `${block}.resnets.${index}`, hidden, context);
    if (hasAttention) hidden = attentionBlock(context, `${block}.attentions.${index}`, hidden);
  }
  return hidden;
}

/** The lowest resolution: residual block, attention where there is some, residual block. */
export function middleBlock(
  context: BlockContext,
  block: string,
  hasAttention: boolean,
  x: tf.Tensor4D,
): tf.Tensor4D {
  const first = residualBlock(context.parameters, `${block}.resnets.0`, x, context);
  const middle = hasAttention ? attentionBlock(context, `${block}.attentions.0`, first) : first;
  return residualBlock(context.parameters, `${block}.resnets.1`, middle, context);
}

/**
 * Halves height and width, rounded down: a 3 x 3 convolution with stride 2 over the picture with one row and one column
 * of zeros at its end, and none at its beginning, as SD's encoder has it.
 */
export function downsample(context: BlockContext, name: string, x: tf.Tensor4D): tf.Tensor4D {
  const [, height, width] = x.shape;
  // TensorFlow's own padding for stride 2 does just that for even lengths, without a copy of the picture.
  if (height % 2 === 0 && width % 2 === 0) return conv2d(context.parameters, name, x, 2);
  const padded = tf.pad(x, [
    [0, 0],
    [0, 1],
    [0, 1],
    [0, 0],
  ]);
  return conv2d(context.parameters, name, padded, 2, "valid");
}
