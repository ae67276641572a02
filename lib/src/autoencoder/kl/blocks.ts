import * as tf from "@tensorflow/tfjs-core";
import { multiHeadAttention } from "../../nn/attention.js";
import { dense } from "../../nn/dense.js";
import { groupNorm } from "../../nn/group-norm.js";
import { conv2d } from "../../nn/layers.js";
import { type Parameters, requireParameter } from "../../nn/parameters.js";

/** What the blocks of one model share. */
export interface BlockContext {
  parameters: Parameters;
  /** Groups of every group normalisation. */
  groups: number;
}

/** diffusers' `ResnetBlock2D` without time: `x + conv2(silu(norm2(conv1(silu(norm1(x))))))`, `conv_shortcut` on `x` where there is one. */
export function residualBlock(context: BlockContext, name: string, x: tf.Tensor4D): tf.Tensor4D {
  const { parameters } = context;
  const first = conv2d(parameters, `${name}.conv1`, normaliseAndActivate(context, `${name}.norm1`, x));
  const second = conv2d(parameters, `${name}.conv2`, normaliseAndActivate(context, `${name}.norm2`, first));
  const shortcut = `${name}.conv_shortcut`;
  return tf.add(`${shortcut}.weight` in parameters ? conv2d(parameters, shortcut, x) : x, second);
}

export function normaliseAndActivate(context: BlockContext, name: string, x: tf.Tensor4D): tf.Tensor4D {
  return groupNorm(context.parameters, name, x, { groups: context.groups, activation: "silu" });
}

/** diffusers' `Attention` over all positions, with one head and the input added to its result. */
export function attentionBlock(context: BlockContext, name: string, x: tf.Tensor4D): tf.Tensor4D {
  const { parameters, groups } = context;
  const [batch, height, width, channels] = x.shape;
  const normalised = groupNorm(parameters, `${name}.group_norm`, x, { groups });
  const rows = tf.reshape(normalised, [batch, height * width, channels]) as tf.Tensor3D;
  const query = dense(parameters, `${name}.to_q`, rows);
  const key = dense(parameters, `${name}.to_k`, rows);
  const value = dense(parameters, `${name}.to_v`, rows);
  const attended = dense(parameters, `${name}.to_out.0`, multiHeadAttention(query, key, value, 1));
  return tf.add(x, tf.reshape(attended, x.shape));
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
    hidden = residualBlock(context, `${block}.resnets.${index}`, hidden);
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
  const first = residualBlock(context, `${block}.resnets.0`, x);
  const middle = hasAttention ? attentionBlock(context, `${block}.attentions.0`, first) : first;
  return residualBlock(context, `${block}.resnets.1`, middle);
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
  return tf.fused.conv2d({
    x: padded,
    filter: requireParameter(context.parameters, `${name}.weight`) as tf.Tensor as tf.Tensor4D,
    strides: 2,
    pad: "valid",
    bias: requireParameter(context.parameters, `${name}.bias`),
  });
}
