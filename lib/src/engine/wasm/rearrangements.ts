import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { type KernelCall, replaceKernel, valuesOf } from "./kernel.js";

/** Kernels that only move numbers, and for which the backend has slow loops: whole blocks are copied here. */
export function registerRearrangements(): void {
  replaceKernel(tf.SplitV, (call) => splitVector(call) ?? (call.original() as unknown as tf.TensorInfo[]));
  replaceKernel(tf.Reverse, (call) => reverseBlocks(call) ?? call.original());
  replaceKernel(tf.Transpose, (call) => transposeBlocks(call) ?? call.original());
  replaceKernel(tf.Tile, (call) => repeatByProduct(call) ?? call.original());
  replaceKernel(tf.DepthToSpace, ({ inputs, attributes, original }) => {
    const { blockSize, dataFormat } = attributes as unknown as tf.DepthToSpaceAttrs;
    if (dataFormat !== "NHWC") return original();
    const [batch, height, width, depth] = (inputs.x as tf.Tensor4D).shape;
    const channels = depth / (blockSize * blockSize);
    const blocks = tf.reshape(inputs.x as tf.Tensor, [batch, height, width, blockSize, blockSize, channels]);
    const shape = [batch, height * blockSize, width * blockSize, channels];
    return tf.reshape(tf.transpose(blocks, [0, 1, 3, 2, 4, 5]), shape);
  });
}

/** The backend's products take no more axes. */
const maxProductRank = 6;

/** Repeats by a product with ones: an axis [length] becomes [repetitions, length] for that, [1] becomes [repetitions]. */
function repeatByProduct({ inputs, attributes }: KernelCall): tf.Tensor | undefined {
  const x = inputs.x as tf.Tensor;
  const { reps } = attributes as unknown as tf.TileAttrs;
  const axes = x.shape.map((length, axis) => ({ length, repetitions: reps[axis] as number }));
  const isRepeated = ({ length, repetitions }: (typeof axes)[number]) => length > 1 && repetitions > 1;
  const source = axes.flatMap((axis) => (isRepeated(axis) ? [1, axis.length] : [axis.length]));
  const repeated = axes.flatMap((axis) =>
    isRepeated(axis) ? [axis.repetitions, axis.length] : [axis.length * axis.repetitions],
  );
  if (x.dtype !== "float32" || x.size === 0 || repeated.length > maxProductRank) return undefined;
  const result = tf.mul(tf.reshape(x, source), tf.fill(repeated, 1));
  return tf.reshape(
    result,
    axes.map(({ length, repetitions }) => length * repetitions),
  );
}

/**
 * Cuts a vector up. The backend's own kernel copies the whole tensor for every part; with all parameters of a model
 * in one vector that takes longer than the rest of the optimiser's work.
 */
function splitVector({ inputs, attributes, backend }: KernelCall): tf.TensorInfo[] | undefined {
  const x = inputs.x as tf.Tensor;
  const { numOrSizeSplits, axis } = attributes as unknown as tf.SplitVAttrs;
  const length = x.shape[0] as number;
  if (tf.util.parseAxisParam(axis, x.shape)[0] !== 0 || x.dtype === "string") return undefined;
  const sizes = Array.isArray(numOrSizeSplits)
    ? numOrSizeSplits
    : new Array<number>(numOrSizeSplits).fill(length / numOrSizeSplits);
  if (sizes.includes(-1)) return undefined;
  const blockSize = x.size / length;
  let start = 0;
  return sizes.map((size) => {
    const part = backend.makeOutput([size, ...x.shape.slice(1)], x.dtype);
    const end = start + size * blockSize;
    valuesOf(backend, part).set(valuesOf(backend, x).subarray(start, end));
    start = end;
    return part;
  });
}

/** Turns axes round of which none is the last: blocks of neighbours keep their order. */
function reverseBlocks({ inputs, attributes, backend }: KernelCall): tf.TensorInfo | undefined {
  const x = inputs.x as tf.Tensor;
  const axes = tf.util.parseAxisParam((attributes as unknown as tf.ReverseAttrs).dims, x.shape);
  const outerRank = Math.max(...axes) + 1;
  if (outerRank === x.rank || x.dtype === "string") return undefined;
  const outerShape = x.shape.slice(0, outerRank);
  return copyBlocks(backend, x, x.shape, outerRank, (index) =>
    index.map((position, axis) =>
      axes.includes(axis) ? (outerShape[axis] as number) - 1 - position : position,
    ),
  );
}

/**
 * Exchanges axes of which the last stays the last. The backend is fast for up to four axes, neighbours that stay
 * neighbours counting as one.
 */
function transposeBlocks({ inputs, attributes, backend }: KernelCall): tf.TensorInfo | undefined {
  const x = inputs.x as tf.Tensor;
  const { perm } = attributes as unknown as tf.TransposeAttrs;
  const joined = perm.filter((axis, position) => position > 0 && axis === (perm[position - 1] as number) + 1);
  const outerRank = x.rank - 1;
  const isSlow = x.rank - joined.length > 4 && perm.at(-1) === outerRank;
  if (!isSlow || x.dtype === "string" || x.size === 0) return undefined;
  const shape = perm.map((axis) => x.shape[axis] as number);
  return copyBlocks(backend, x, shape, outerRank, (index) =>
    perm.slice(0, -1).map((axis) => index[axis] as number),
  );
}

/** Copies every block of `x`, one for each index into its first `outerRank` axes, to another index of the result. */
function copyBlocks(
  backend: BackendWasm,
  x: tf.Tensor,
  shape: number[],
  outerRank: number,
  targetOf: (index: number[]) => number[],
): tf.TensorInfo {
  const result = backend.makeOutput(shape, x.dtype);
  const target = valuesOf(backend, result);
  const source = valuesOf(backend, x);
  const strides = tf.util.computeStrides(x.shape);
  const targetStrides = tf.util.computeStrides(shape);
  const blockSize = strides[outerRank - 1] as number;
  for (let start = 0; start < source.length; start += blockSize) {
    const index = tf.util.indexToLoc(start, x.rank, strides).slice(0, outerRank);
    const targetStart = targetOf(index).reduce(
      (sum, at, axis) => sum + at * (targetStrides[axis] as number),
      0,
    );
    target.set(source.subarray(start, start + blockSize), targetStart);
  }
  return result;
}
