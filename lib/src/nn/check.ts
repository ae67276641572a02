import type * as tf from "@tensorflow/tfjs-core";
import { DataError } from "../errors.js";

export const pictureAxes = ["batch", "height", "width", "channels"] as const;

/** `[2, 3]` */
export function shapeText(shape: readonly (number | string)[]): string {
  return `[${shape.join(", ")}]`;
}

export function isSameShape(first: readonly number[], second: readonly number[]): boolean {
  return first.length === second.length && first.every((size, axis) => size === second[axis]);
}

/**
 * An error in TensorFlow.js's manner, which begins with what was called.
 *
 * @param place the function, and the layer's name where it has one: `conv2d "encoder.conv_in"`
 */
export function shapeError(place: string, sentence: string): DataError {
  return new DataError("ERR_SHAPE_MISMATCH", `Error in ${place}: ${sentence}`);
}

/**
 * Throws unless two tensors, by the function's names for them, have the same shape: TensorFlow.js would spread one
 * over the other, and the result would look like a loss.
 *
 * @throws DataError `ERR_SHAPE_MISMATCH`
 */
export function requireSameShape(place: string, tensors: Record<string, tf.Tensor>): void {
  const [first, second] = Object.values(tensors) as [tf.Tensor, tf.Tensor];
  if (isSameShape(first.shape, second.shape)) return;
  const given = Object.entries(tensors).map(([name, { shape }]) => `${name} ${shapeText(shape)}`);
  throw shapeError(place, `${given.join(" and ")} have to be of the same shape.`);
}

/**
 * Throws unless a tensor has these axes and type. What comes after - fused kernels, and kernels called past
 * TensorFlow.js's own checks - reads memory as if it had.
 *
 * @param argument what the function calls the tensor
 * @param axes their names; "..." at the beginning stands for any number of them
 * @throws DataError `ERR_SHAPE_MISMATCH` or `ERR_DTYPE_MISMATCH`
 */
export function requireFloats(place: string, argument: string, x: tf.Tensor, axes: readonly string[]): void {
  const hasAxes = axes[0] === "..." ? x.rank >= axes.length - 1 : x.rank === axes.length;
  if (hasAxes && x.dtype === "float32") return;
  const given = `${argument} has to be float32 ${shapeText(axes)}, not ${x.dtype} ${shapeText(x.shape)}.`;
  if (!hasAxes) throw shapeError(place, given);
  const remedy = 'Convert it by tf.cast(x, "float32"), and pictures of 0..255 to [-1, 1].';
  throw new DataError("ERR_DTYPE_MISMATCH", `Error in ${place}: ${given} ${remedy}`);
}

/**
 * Throws unless a parameter is a float32 vector of one number a channel: engines differ in what else they would spread
 * over the channels.
 *
 * @throws DataError `ERR_SHAPE_MISMATCH` or `ERR_DTYPE_MISMATCH`
 */
export function requireVector(place: string, argument: string, x: tf.Tensor, size: number): void {
  requireFloats(place, argument, x, ["channels"]);
  if (x.size === size) return;
  throw shapeError(place, `${argument} has to be of shape ${shapeText([size])}, not ${shapeText(x.shape)}.`);
}

/**
 * Throws unless the three fit each other: all but the positions alike, and as many values as keys. libtorch's fused
 * attention on a CPU does not compare the lengths, and reads past the end of the shorter one.
 *
 * @param axes the last two are positions and channels
 * @throws DataError `ERR_SHAPE_MISMATCH` or `ERR_DTYPE_MISMATCH`
 */
export function requireAttention(
  place: string,
  [query, key, value]: readonly [tf.Tensor, tf.Tensor, tf.Tensor],
  axes: readonly string[],
): void {
  requireFloats(place, "query", query, axes);
  requireFloats(place, "key", key, axes);
  requireFloats(place, "value", value, axes);
  const positions = axes.length - 2;
  const fits = query.shape.every((size, axis) => axis === positions || size === key.shape[axis]);
  if (fits && isSameShape(key.shape, value.shape)) return;
  const [ofQuery, ofKey, ofValue] = [query, key, value].map(({ shape }) => shapeText(shape));
  throw shapeError(
    place,
    `query ${ofQuery}, key ${ofKey} and value ${ofValue} do not fit each other: key and value need the same shape, and that of the query up to the positions.`,
  );
}
