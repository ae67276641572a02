import * as tf from "@tensorflow/tfjs-core";
import { currentEngine } from "../engine/current.js";
import { type GroupNormOptions, groupNorm } from "./group-norm.js";
import { type Parameters, requireParameter } from "./parameters.js";

/**
 * Convolution with bias. Its gradient with respect to `x` can be differentiated again, as gradient penalties need; those
 * with respect to the parameters cannot.
 *
 * @param x `[batch, height, width, channels]`
 * @param name of the layer: parameters `<name>.weight` `[filterHeight, filterWidth, channels, outChannels]` and
 *   `<name>.bias` `[outChannels]`
 * @param pad `same` gives `[batch, height / stride, width / stride, outChannels]`, rounded up, with the larger half of
 *   an odd number of zeros at the bottom and right; a number is pixels on every side, as in PyTorch
 */
export function conv2d(
  parameters: Parameters,
  name: string,
  x: tf.Tensor4D,
  stride = 1,
  pad: "same" | "valid" | number = "same",
): tf.Tensor4D {
  const weight = requireParameter(parameters, `${name}.weight`) as tf.Tensor as tf.Tensor4D;
  const bias = requireParameter(parameters, `${name}.bias`);
  if (x.shape[3] !== weight.shape[2]) {
    throw new Error(
      `Error in conv2d "${name}": an input of shape [${x.shape.join(", ")}] does not fit filters for ${weight.shape[2]} channels.`,
    );
  }
  // The kernel itself and not `tf.fused.conv2d`: see the gradient that the engines register for it.
  const attributes = {
    strides: [stride, stride],
    pad,
    dataFormat: "NHWC",
    dilations: [1, 1],
    dimRoundingMode: typeof pad === "number" ? "floor" : undefined,
    activation: "linear",
  };
  return tf
    .engine()
    .runKernel(
      tf.FusedConv2D,
      { x, filter: weight, bias } as unknown as tf.NamedTensorMap,
      attributes as unknown as tf.NamedAttrMap,
    );
}

/**
 * SiLU, also called swish: `x * sigmoid(x)` (Elfwing et al. 2017, arXiv:1702.03118). Can be differentiated twice
 * inside `engine.inputGradient`, like `groupNorm`, which can apply it in the same piece.
 */
export function silu<Shape extends tf.Tensor>(x: Shape): Shape {
  return currentEngine().layers.silu(x) as Shape;
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
 * @param options.groups of both normalisations; see `groupNorm`
 * @returns `[batch, height, width, outChannels]`
 */
export function residualBlock(
  parameters: Parameters,
  name: string,
  x: tf.Tensor4D,
  { groups }: Pick<GroupNormOptions, "groups"> = {},
): tf.Tensor4D {
  const normalise = (norm: string, hidden: tf.Tensor4D) =>
    groupNorm(parameters, `${name}.${norm}`, hidden, { groups, activation: "silu" });
  const first = conv2d(parameters, `${name}.conv1`, normalise("norm1", x));
  const second = conv2d(parameters, `${name}.conv2`, normalise("norm2", first));
  const hasProjection = `${name}.conv_shortcut.weight` in parameters;
  const shortcut = hasProjection ? conv2d(parameters, `${name}.conv_shortcut`, x) : x;
  return tf.add(shortcut, second);
}
