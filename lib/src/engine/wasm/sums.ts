import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { replaceKernel, valuesOf } from "./kernel.js";

/** Sums for which the backend has a slow kernel or none. */
export function registerSums(): void {
  replaceKernel(tf.Sum, ({ inputs, attributes, original }) => {
    const x = inputs.x as tf.Tensor;
    const { axis, keepDims } = attributes as unknown as tf.SumAttrs;
    const axes = tf.util.parseAxisParam(axis, x.shape).sort((a, b) => a - b);
    const isLeading = axes.length < x.rank && axes.every((axis, position) => axis === position);
    if (!isLeading || x.dtype !== "float32" || x.size === 0) return original();
    // The backend transposes such a tensor first. A row of ones times the matrix is the same sum.
    const rows = axes.reduce((product, axis) => product * (x.shape[axis] as number), 1);
    const rest = x.shape.slice(axes.length);
    const total = tf.matMul(tf.fill([1, rows], 1), tf.reshape(x, [rows, x.size / rows]));
    return tf.reshape(total, keepDims ? [...axes.map(() => 1), ...rest] : rest);
  });
  // The gradient of nearest-neighbour upsampling by a whole factor adds up the pixels that were one.
  replaceKernel(tf.ResizeNearestNeighborGrad, ({ inputs, attributes, original }) => {
    const { dy, images } = inputs as { dy: tf.Tensor4D; images: tf.Tensor4D };
    const { alignCorners } = attributes as unknown as tf.ResizeNearestNeighborGradAttrs;
    const [rows, columns] = [dy.shape[1] / images.shape[1], dy.shape[2] / images.shape[2]];
    if (alignCorners || !Number.isInteger(rows) || !Number.isInteger(columns)) return original();
    return tf.mul(tf.avgPool(dy, [rows, columns], [rows, columns], "valid"), rows * columns);
  });
  replaceKernel(tf.UnsortedSegmentSum, ({ inputs, attributes, backend }) => {
    const { x, segmentIds } = inputs as { x: tf.Tensor; segmentIds: tf.Tensor1D };
    const { numSegments } = attributes as unknown as tf.UnsortedSegmentSumAttrs;
    return sumSegments(backend, x, segmentIds, numSegments);
  });
}

/** Adds row i of `x` to row `segmentIds[i]` of the result: the gradient of a look-up table (`tf.gather`). */
function sumSegments(
  backend: BackendWasm,
  x: tf.Tensor,
  segmentIds: tf.Tensor1D,
  numSegments: number,
): tf.TensorInfo {
  const result = backend.makeOutput([numSegments, ...x.shape.slice(1)], x.dtype);
  const sums = valuesOf(backend, result).fill(0);
  const rows = valuesOf(backend, x);
  const rowSize = x.size / segmentIds.size;
  for (const [row, segment] of valuesOf(backend, segmentIds).entries()) {
    if (segment < 0 || segment >= numSegments) continue;
    for (let item = 0; item < rowSize; item++) {
      (sums[segment * rowSize + item] as number) += rows[row * rowSize + item] as number;
    }
  }
  return result;
}
