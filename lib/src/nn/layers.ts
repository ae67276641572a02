import * as tf from "@tensorflow/tfjs-core";
import { groupNorm } from "./group-norm.js";
import { type Parameters, requireParameter } from "./parameters.js";

/**
 * Convolution with bias.
 *
 * @param x `[batch, height, width, channels]`
 * @param name of the layer: parameters `<name>.weight` `[filterHeight, filterWidth, channels, outChannels]` and
 *   `<name>.bias` `[outChannels]`
 * @returns `[batch, height / stride, width / stride, outChannels]`, rounded up
 */
export function conv2d(parameters: Parameters, name: string, x: tf.Tensor4D, stride = 1): tf.Tensor4D {
  const weight = requireParameter(parameters, `${name}.weight`) as tf.Tensor as tf.Tensor4D;
  const bias = requireParameter(parameters, `${name}.bias`);
  return tf.add(tf.conv2d(x, weight, stride, "same"), bias);
}

/** SiLU, also called swish: `x * sigmoid(x)` (Elfwing et al. 2017, arXiv:1702.03118). */
export function silu<Shape extends tf.Tensor>(x: Shape): Shape {
  return siluWithGradient(x) as Shape;
}

/** d/dx x * s = s + y * (1 - s), with s = sigmoid(x) and y = x * s: fewer passes than by differentiating the product. */
const siluWithGradient = tf.customGrad((...inputs) => {
  const [x, save] = inputs as unknown as [tf.Tensor, tf.GradSaveFunc];
  const gate = tf.sigmoid(x);
  const value = tf.mul(x, gate);
  save([gate, value]);
  const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
    const [gate, value] = saved as [tf.Tensor, tf.Tensor];
    return tf.mul(dy, tf.sub(tf.add(gate, value), tf.mul(gate, value)));
  };
  return { value, gradFunc };
});

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
