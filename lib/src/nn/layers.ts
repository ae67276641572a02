import * as tf from "@tensorflow/tfjs-core";
import { currentEngine } from "../engine/current.js";
import { pictureAxes, requireFloats, requireVector, shapeError, shapeText } from "./check.js";
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
 * @throws Error where the layer has no parameters of that name; DataError `ERR_SHAPE_MISMATCH` where `x`, filters, biases
 *   and padding do not fit each other, `ERR_DTYPE_MISMATCH` for another type than float32
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
  const place = `conv2d "${name}"`;
  requireConvolution(place, x, weight, bias, pad);
  if (!Number.isInteger(stride) || stride < 1) {
    throw shapeError(place, `the stride has to be a whole number of pixels, not ${stride}.`);
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

/** The kernel of a fused convolution is called past TensorFlow.js's own checks. */
function requireConvolution(
  place: string,
  x: tf.Tensor4D,
  weight: tf.Tensor4D,
  bias: tf.Tensor,
  pad: "same" | "valid" | number,
): void {
  requireFloats(place, "x", x, pictureAxes);
  requireFloats(place, "weight", weight, ["filterHeight", "filterWidth", "channels", "outChannels"]);
  const [filterHeight, filterWidth, channels, outChannels] = weight.shape;
  requireVector(place, "bias", bias, outChannels);
  const [, height, width, given] = x.shape;
  if (given !== channels) {
    throw shapeError(place, `x ${shapeText(x.shape)} does not fit filters for ${channels} channels.`);
  }
  if (pad === "same") return;
  const zeros = pad === "valid" ? 0 : 2 * pad;
  if (height + zeros >= filterHeight && width + zeros >= filterWidth) return;
  throw shapeError(
    place,
    `x ${shapeText(x.shape)} is smaller than the filters, ${filterHeight} x ${filterWidth}, with padding ${pad}.`,
  );
}

/**
 * SiLU, also called swish: `x * sigmoid(x)` (Elfwing et al. 2017, arXiv:1702.03118). Can be differentiated twice
 * inside `engine.inputGradient`, like `groupNorm`, which can apply it in the same piece.
 *
 * @param x `[...]`, of any shape
 * @returns the shape of `x`
 * @throws DataError `ERR_DTYPE_MISMATCH` for another type than float32; EngineError `ERR_ENGINE_NOT_IN_USE` before
 *   `engine.use()`
 */
export function silu<Shape extends tf.Tensor>(x: Shape): Shape {
  requireFloats("silu", "x", x, ["..."]);
  return currentEngine().layers.silu(x) as Shape;
}

/**
 * Repeats every pixel 2 x 2 times.
 *
 * @param x `[batch, height, width, channels]`
 * @returns `[batch, 2 * height, 2 * width, channels]`
 * @throws DataError `ERR_SHAPE_MISMATCH` for another number of axes, `ERR_DTYPE_MISMATCH` for another type than float32
 */
export function upsampleNearest(x: tf.Tensor4D): tf.Tensor4D {
  requireFloats("upsampleNearest", "x", x, pictureAxes);
  const [, height, width] = x.shape;
  return tf.image.resizeNearestNeighbor(x, [2 * height, 2 * width]);
}
