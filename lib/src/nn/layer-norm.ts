import * as tf from "@tensorflow/tfjs-core";
import { currentEngine } from "../engine/current.js";
import { requireFloats, requireVector } from "./check.js";
import { type Parameters, requireParameter } from "./parameters.js";

/** PyTorch's default: keeps a constant row from dividing by zero. */
const defaultEpsilon = 1e-5;

/**
 * Layer normalisation (Ba et al. 2016, arXiv:1607.06450): every row gets mean 0 and variance 1 over its last axis, then
 * each position of that axis its own gain and offset.
 *
 * Can be differentiated twice inside `engine.inputGradient`, like `groupNorm`.
 *
 * @param x `[..., size]`
 * @param name of the layer: parameters `<name>.weight` and `<name>.bias`, both `[size]`
 * @returns the shape of `x`
 * @throws Error where the layer has no parameters of that name; DataError `ERR_SHAPE_MISMATCH` where `x`, gains and
 *   offsets do not fit each other, `ERR_DTYPE_MISMATCH` for another type than float32; EngineError `ERR_ENGINE_NOT_IN_USE` before
 *   `engine.use()`
 */
export function layerNorm<Shape extends tf.Tensor>(
  parameters: Parameters,
  name: string,
  x: Shape,
  epsilon = defaultEpsilon,
): Shape {
  const gain = requireParameter(parameters, `${name}.weight`);
  const offset = requireParameter(parameters, `${name}.bias`);
  const place = `layerNorm "${name}"`;
  requireFloats(place, "x", x, ["...", "size"]);
  const size = x.shape[x.rank - 1] as number;
  requireVector(place, "weight", gain, size);
  requireVector(place, "bias", offset, size);
  return tf.tidy(() => tf.add(tf.mul(normaliseRows(x, epsilon), gain), offset)) as Shape;
}

/**
 * The normalisation alone (Ba et al. 2016, arXiv:1607.06450), without gain and offset: diffusion transformers modulate it
 * by the time instead (Peebles and Xie 2023, arXiv:2212.09748).
 *
 * @param x `[..., size]`
 * @returns the shape of `x`
 * @throws DataError `ERR_SHAPE_MISMATCH` for a scalar, `ERR_DTYPE_MISMATCH` for another type than float32; EngineError
 *   `ERR_ENGINE_NOT_IN_USE` before `engine.use()`
 */
export function normaliseRows<Shape extends tf.Tensor>(x: Shape, epsilon = defaultEpsilon): Shape {
  requireFloats("normaliseRows", "x", x, ["...", "size"]);
  return currentEngine().layers.normaliseRows(x, epsilon) as Shape;
}
