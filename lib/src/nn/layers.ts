import * as tf from "@tensorflow/tfjs-core";
import type { Parameters } from "./parameters.js";

/** Channels are normalised in groups of at least this many values; SD's 32 groups need its 128 and more channels. */
const channelsPerGroup = 4;
const maxGroups = 32;

/** diffusers' `resnet_eps`: keeps a constant group (a plain picture) from dividing by zero. */
const normEpsilon = 1e-6;

/**
 * Convolution with bias.
 *
 * @param x `[batch, height, width, channels]`
 * @param name of the layer: parameters `<name>.weight` `[filterHeight, filterWidth, channels, outChannels]` and
 *   `<name>.bias` `[outChannels]`
 * @returns `[batch, height / stride, width / stride, outChannels]`, rounded up
 */
export function conv2d(parameters: Parameters, name: string, x: tf.Tensor4D, stride = 1): tf.Tensor4D {
  const weight = parameter(parameters, `${name}.weight`) as tf.Variable<tf.Rank.R4>;
  const bias = parameter(parameters, `${name}.bias`);
  return tf.add(tf.conv2d(x, weight as unknown as tf.Tensor4D, stride, "same"), bias);
}

/** How many groups `groupNorm` makes of so many channels. */
export function groupsOf(channels: number): number {
  const groups = Math.min(maxGroups, Math.floor(channels / channelsPerGroup));
  return groups > 0 && channels % groups === 0 ? groups : 1;
}

/**
 * Group normalisation (Wu and He 2018, arXiv:1803.08494): every group of channels of every picture gets mean 0 and
 * variance 1 over its positions and channels, then each channel its own gain and offset.
 *
 * The variance is the mean square of the centred values, not E[x^2] - E[x]^2: that difference loses all digits when
 * the mean is large against the spread.
 *
 * @param x `[batch, height, width, channels]`
 * @param name of the layer: parameters `<name>.weight` and `<name>.bias`, both `[channels]`
 * @returns the shape of `x`
 */
export function groupNorm(parameters: Parameters, name: string, x: tf.Tensor4D): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const groups = groupsOf(channels);
  const grouped = tf.reshape(x, [batch, height * width, groups, channels / groups]);
  const centred = tf.sub(grouped, tf.mean(grouped, [1, 3], true));
  const variance = tf.mean(tf.square(centred), [1, 3], true);
  const normalised = tf.mul(centred, tf.rsqrt(tf.add(variance, normEpsilon)));
  const gain = parameter(parameters, `${name}.weight`);
  const offset = parameter(parameters, `${name}.bias`);
  return tf.add(tf.mul(tf.reshape(normalised, x.shape), gain), offset);
}

/** SiLU, also called swish: `x * sigmoid(x)` (Elfwing et al. 2017, arXiv:1702.03118). */
export function silu<Shape extends tf.Tensor>(x: Shape): Shape {
  return tf.mul(x, tf.sigmoid(x));
}

/**
 * Repeats every pixel 2 x 2 times.
 *
 * @param x `[batch, height, width, channels]`
 * @returns `[batch, 2 * height, 2 * width, channels]`
 */
export function upsampleNearest(x: tf.Tensor4D): tf.Tensor4D {
  const [, height, width] = x.shape;
  return tf.image.resizeNearestNeighbor(x, [2 * height, 2 * width]);
}

/**
 * Residual block of SD's autoencoder (diffusers' `ResnetBlock2D` without time embedding):
 * `x + conv2(silu(norm2(conv1(silu(norm1(x))))))`, with a 1 x 1 convolution on the shortcut where `conv_shortcut` exists.
 *
 * @param x `[batch, height, width, channels]`
 * @returns `[batch, height, width, outChannels]`
 */
export function residualBlock(parameters: Parameters, name: string, x: tf.Tensor4D): tf.Tensor4D {
  const first = conv2d(parameters, `${name}.conv1`, silu(groupNorm(parameters, `${name}.norm1`, x)));
  const second = conv2d(parameters, `${name}.conv2`, silu(groupNorm(parameters, `${name}.norm2`, first)));
  const hasProjection = `${name}.conv_shortcut.weight` in parameters;
  const shortcut = hasProjection ? conv2d(parameters, `${name}.conv_shortcut`, x) : x;
  return tf.add(shortcut, second);
}

function parameter(parameters: Parameters, name: string): tf.Variable {
  const found = parameters[name];
  if (!found) throw new Error(`The model has no parameter "${name}".`);
  return found;
}
