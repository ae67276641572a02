import * as tf from "@tensorflow/tfjs-core";
import type { Random } from "../random.js";
import { conv2d } from "./layers.js";
import { addNormalisation, type NormalisationOptions, normaliseAndActivate } from "./normalise.js";
import { addConv2d, type Parameters } from "./parameters.js";

/**
 * Adds the parameters of `residualBlock`.
 *
 * @param options.norm what its two normalisations are
 */
export function addResidualBlock(
  parameters: Parameters,
  random: Random,
  name: string,
  inChannels: number,
  outChannels: number,
  { norm = "group" }: Pick<NormalisationOptions, "norm"> = {},
): void {
  addNormalisation(parameters, norm, `${name}.norm1`, inChannels);
  addConv2d(parameters, random, `${name}.conv1`, 3, inChannels, outChannels);
  addNormalisation(parameters, norm, `${name}.norm2`, outChannels);
  addConv2d(parameters, random, `${name}.conv2`, 3, outChannels, outChannels);
  if (inChannels !== outChannels) {
    addConv2d(parameters, random, `${name}.conv_shortcut`, 1, inChannels, outChannels);
  }
}

export interface ResidualBlockOptions extends NormalisationOptions {
  /** Added between the convolutions, `[batch, 1, 1, outChannels]`: what the block is told of the noise level. */
  offset?: tf.Tensor;
}

/**
 * Residual block of SD's autoencoder and of DDPM's U-Net (diffusers' `ResnetBlock2D`):
 * `x + conv2(silu(norm2(conv1(silu(norm1(x))) + offset)))`, with a 1 x 1 convolution on the shortcut where
 * `conv_shortcut` exists.
 *
 * @param x `[batch, height, width, channels]`
 * @returns `[batch, height, width, outChannels]`
 * @throws Error where the layers have no parameters of their names
 */
export function residualBlock(
  parameters: Parameters,
  name: string,
  x: tf.Tensor4D,
  { offset, ...options }: ResidualBlockOptions = {},
): tf.Tensor4D {
  const activate = (norm: string, hidden: tf.Tensor4D) =>
    normaliseAndActivate(parameters, `${name}.${norm}`, hidden, options);
  const first = conv2d(parameters, `${name}.conv1`, activate("norm1", x));
  const shifted: tf.Tensor4D = offset ? tf.add(first, offset) : first;
  const second = conv2d(parameters, `${name}.conv2`, activate("norm2", shifted));
  const hasProjection = `${name}.conv_shortcut.weight` in parameters;
  const shortcut = hasProjection ? conv2d(parameters, `${name}.conv_shortcut`, x) : x;
  return tf.add(shortcut, second);
}
