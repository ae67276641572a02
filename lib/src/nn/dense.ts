import * as tf from "@tensorflow/tfjs-core";
import { requireFloats, requireVector, shapeError, shapeText } from "./check.js";
import { type Parameters, requireParameter } from "./parameters.js";

/**
 * A linear layer: `x weight + bias`.
 *
 * @param x `[..., size]`
 * @param name of the layer: parameters `<name>.weight` `[size, outSize]` and, where there is one, `<name>.bias` `[outSize]`
 * @returns `[..., outSize]`
 * @throws Error where the layer has no weight of that name; DataError `ERR_SHAPE_MISMATCH` where `x`, weight and bias do
 *   not fit each other, `ERR_DTYPE_MISMATCH` for another type than float32
 */
export function dense<Shape extends tf.Tensor>(parameters: Parameters, name: string, x: Shape): Shape {
  const weight = requireParameter(parameters, `${name}.weight`) as tf.Tensor as tf.Tensor2D;
  const bias: tf.Tensor | undefined = parameters[`${name}.bias`];
  const place = `dense "${name}"`;
  requireFloats(place, "x", x, ["...", "size"]);
  requireFloats(place, "weight", weight, ["size", "outSize"]);
  const [size, outSize] = weight.shape;
  if (x.shape[x.rank - 1] !== size) {
    throw shapeError(place, `x ${shapeText(x.shape)} does not fit a weight ${shapeText(weight.shape)}.`);
  }
  if (bias) requireVector(place, "bias", bias, outSize);
  return tf.tidy(() => {
    const rows = tf.reshape(x, [-1, size]) as tf.Tensor2D;
    const result = tf.fused.matMul({ a: rows, b: weight, ...(bias && { bias }) });
    return tf.reshape(result, [...x.shape.slice(0, -1), outSize]);
  }) as Shape;
}
