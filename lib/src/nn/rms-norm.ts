import * as tf from "@tensorflow/tfjs-core";
import { requireFloats, requireVector } from "./check.js";
import { addVariable, type Parameters, requireParameter } from "./parameters.js";

/** Keeps a row of zeros from dividing by zero. */
const defaultEpsilon = 1e-6;

/**
 * Divides every row (the last axis) by its root mean square (Zhang and Sennrich 2019, arXiv:1910.07467, equation 4,
 * without the gain): afterwards a row has the length `sqrt(size)`. Positions know nothing of each other.
 *
 * @param x `[..., size]`
 * @returns the shape of `x`
 */
export function scaleToUnitRms<Shape extends tf.Tensor>(x: Shape, epsilon = defaultEpsilon): Shape {
  return tf.tidy(() => {
    const meanSquare = tf.mean(tf.square(x), -1, true);
    return tf.mul(x, tf.rsqrt(tf.add(meanSquare, epsilon)));
  }) as Shape;
}

/**
 * `scaleToUnitRms`, then a gain for each channel. A picture's positions are normalised one by one, so that no
 * position has influence on another, as it has through `groupNorm`'s statistics.
 *
 * @param x `[..., channels]`
 * @param name of the layer: parameter `<name>.weight` `[channels]`
 * @throws DataError `ERR_SHAPE_MISMATCH` where `x` and gains do not fit each other, `ERR_DTYPE_MISMATCH` for another type
 *   than float32
 */
export function rmsNorm<Shape extends tf.Tensor>(
  parameters: Parameters,
  name: string,
  x: Shape,
  epsilon = defaultEpsilon,
): Shape {
  const gain = requireParameter(parameters, `${name}.weight`);
  const place = `rmsNorm "${name}"`;
  requireFloats(place, "x", x, ["...", "channels"]);
  requireVector(place, "weight", gain, x.shape[x.rank - 1] as number);
  return tf.tidy(() => tf.mul(scaleToUnitRms(x, epsilon), gain)) as Shape;
}

/** Adds `rmsNorm`'s `<name>.weight`, ones. */
export function addRmsNorm(parameters: Parameters, name: string, channels: number): void {
  addVariable(parameters, `${name}.weight`, new Float32Array(channels).fill(1), [channels]);
}
