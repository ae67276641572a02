import * as tf from "@tensorflow/tfjs-core";
import { attentionBlock } from "../../nn/attention.js";
import { conv2d } from "../../nn/layers.js";
import type { Parameters } from "../../nn/parameters.js";
import { residualBlock } from "../../nn/residual-block.js";

/** What the blocks of one model share. */
export interface BlockContext {
  parameters: Parameters;
  /** Groups of every group normalisation. */
  groups: number;
}

/** Residual blocks `resnets.0`, `resnets.1`, ..., each followed by attention where there is some. */
export function residualBlocks(
  { parameters, groups }: BlockContext,
  block: string,
  count: number,
  hasAttention: boolean | undefined,
  x: tf.Tensor4D,
): tf.Tensor4D {
  let hidden = x;
  for (let index = 0; index < count; index++) {
    hidden = residualBlock(parameters, `${block}.resnets.${index}`, hidden, { groups });
    if (hasAttention) hidden = attentionBlock(parameters, `${block}.attentions.${index}`, hidden, { groups });
  }
  return hidden;
}

/** The lowest resolution: residual block, attention where there is some, residual block. */
export function middleBlock(
  { parameters, groups }: BlockContext,
  block: string,
  hasAttention: boolean,
  x: tf.Tensor4D,
): tf.Tensor4D {
  const first = residualBlock(parameters, `${block}.resnets.0`, x, { groups });
  const middle = hasAttention
    ? attentionBlock(parameters, `${block}.attentions.0`, first, { groups })
    : first;
  return residualBlock(parameters, `${block}.resnets.1`, middle, { groups });
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
