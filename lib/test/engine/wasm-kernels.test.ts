import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { engine } from "../../src/index.js";
import { normal } from "../gradient-check.js";

/** Kernels that the engine composes or replaces, against TensorFlow.js's own slow but simple ones. */
const cases: { name: string; compute: () => tf.Tensor | tf.Tensor[] }[] = [
  ...[
    { a: [3, 40, 30], b: [3, 30, 50], transposeA: false, transposeB: false },
    { a: [3, 30, 40], b: [3, 50, 30], transposeA: true, transposeB: true },
    { a: [2, 3, 40, 30], b: [2, 3, 50, 30], transposeA: false, transposeB: true },
    { a: [2, 3, 4], b: [2, 4, 5], transposeA: false, transposeB: false },
    { a: [1, 40, 30], b: [3, 30, 50], transposeA: false, transposeB: false },
    { a: [3, 40, 30], b: [1, 50, 30], transposeA: false, transposeB: true },
    { a: [30, 40], b: [30, 50], transposeA: true, transposeB: false },
  ].map(({ a, b, transposeA, transposeB }) => ({
    name: `matMul [${a}]${transposeA ? "'" : ""} [${b}]${transposeB ? "'" : ""}`,
    compute: () => tf.matMul(normal(a, 1), normal(b, 2), transposeA, transposeB),
  })),
  ...[
    [1, 2, 3],
    [2, 1, 1],
    [1, 1, 1],
    [4, 3, 2],
  ].map((repetitions) => ({
    name: `tile by ${repetitions}`,
    compute: () => [
      tf.tile(normal([2, 1, 3], 1), repetitions),
      tf.tile(tf.cast(normal([2, 1, 3], 1), "int32"), repetitions),
    ],
  })),
  { name: "tile of six axes", compute: () => tf.tile(normal([2, 1, 2, 1, 2, 2], 1), [2, 2, 1, 1, 2, 2]) },
  ...[[0], [1], [0, 1], [0, 2], [3], [0, 1, 2, 3]].map((axes) => ({
    name: `reverse ${axes}`,
    compute: () => tf.reverse(normal([2, 3, 4, 5], 1), axes),
  })),
  ...[
    [0, 2, 4, 1, 3, 5],
    [5, 4, 3, 2, 1, 0],
    [0, 1, 3, 2, 4, 5],
    [4, 0, 2, 1, 3, 5],
  ].map((order) => ({
    name: `transpose ${order}`,
    compute: () => tf.transpose(normal([2, 3, 2, 3, 2, 4], 1), order),
  })),
  {
    name: "transpose of flags",
    compute: () => tf.transpose(tf.greater(normal([2, 3, 2, 3, 4], 1), 0), [0, 3, 1, 2, 4]),
  },
  {
    name: "split",
    compute: () => [
      ...tf.split(normal([6, 4], 1), [1, 2, 3], 0),
      ...tf.split(normal([6, 4], 1), 3, 0),
      ...tf.split(normal([6, 4], 1), [1, -1], 1),
      ...tf.split(normal([7], 1), [3, 4]),
    ],
  },
  ...["same", "valid", 1].map((pad) => ({
    name: `gradient of max pooling, padding ${pad}`,
    compute: () => {
      const negative = tf.sub(normal([2, 5, 6, 3], 1), 2) as tf.Tensor4D;
      const pool = (x: tf.Tensor) =>
        tf.maxPool(x as tf.Tensor4D, 3, 2, pad as "same", pad === 1 ? "floor" : undefined);
      return tf.grad(pool)(negative, normal(pool(negative).shape, 2));
    },
  })),
  { name: "depthToSpace", compute: () => tf.depthToSpace(normal([2, 3, 4, 12], 1) as tf.Tensor4D, 2) },
  ...[[0], [0, 1], [1], [2], [0, 2], [0, 1, 2]].map((axes) => ({
    name: `sum over ${axes}`,
    compute: () => [
      tf.sum(normal([5, 6, 7], 1), axes),
      tf.sum(normal([5, 6, 7], 1), axes, true),
      tf.sum(tf.cast(tf.mul(normal([5, 6, 7], 1), 9), "int32"), axes),
    ],
  })),
  {
    name: "unsortedSegmentSum",
    compute: () => tf.unsortedSegmentSum(normal([4, 3], 1), tf.tensor1d([2, 0, 2, -1], "int32"), 4),
  },
  ...["bij,bjk->bik", "bij,bkj->kbi", "bij,cij->bc", "bij,bij->j"].map((equation) => ({
    name: `einsum ${equation}`,
    compute: () => {
      const sizes: Record<string, number> = { b: 2, c: 3, i: 4, j: 5, k: 6 };
      const [left = ""] = equation.split("->");
      const shapes = left.split(",").map((labels) => [...labels].map((label) => sizes[label] as number));
      return tf.einsum(equation, ...shapes.map((shape, index) => normal(shape, index + 1)));
    },
  })),
  ...[
    { stride: 1, pad: "same" as const, multiplier: 1 },
    { stride: 2, pad: "same" as const, multiplier: 2 },
    { stride: 2, pad: "valid" as const, multiplier: 1 },
    { stride: 3, pad: 1, multiplier: 1 },
  ].map(({ stride, pad, multiplier }) => ({
    name: `gradients of a depthwise convolution, stride ${stride}, ${pad}, ${multiplier} a channel`,
    compute: () => {
      const apply = (x: tf.Tensor, filter: tf.Tensor) =>
        tf.depthwiseConv2d(
          x as tf.Tensor4D,
          filter as tf.Tensor4D,
          stride,
          pad,
          "NHWC",
          1,
          pad === 1 ? "floor" : undefined,
        );
      const inputs = [normal([2, 8, 7, 3], 1), normal([3, 2, 3, multiplier], 2)] as [tf.Tensor, tf.Tensor];
      return tf.grads(apply)(inputs, normal(apply(...inputs).shape, 3));
    },
  })),
  {
    name: "products with the same matrix in several shapes",
    compute: () => {
      const right = normal([4, 8], 1);
      const products = [4, 2, 8, 4].map((rows) =>
        tf.matMul(tf.ones([3, rows]), tf.reshape(right, [rows, 32 / rows]) as tf.Tensor2D),
      );
      const fused = tf.fused.matMul({ a: tf.ones([3, 2]), b: tf.reshape(right, [2, 16]) });
      return [...products, fused];
    },
  },
];

async function run(backend: string, compute: () => tf.Tensor | tf.Tensor[]) {
  await tf.setBackend(backend);
  const before = tf.memory().numTensors;
  const results = tf.tidy(() =>
    [compute()].flat().map((tensor) => ({
      shape: tensor.shape,
      dtype: tensor.dtype,
      values: Array.from(tensor.dataSync()),
    })),
  );
  expect(tf.memory().numTensors).toBe(before);
  return results;
}

describe("the wasm engine's kernels", () => {
  beforeAll(async () => {
    await engine.use("wasm");
    vi.spyOn(console, "warn").mockReturnValue(); // TensorFlow.js advertises faster backends when "cpu" is used
  });

  it.each(cases)("$name", async ({ compute }) => {
    const expected = await run("cpu", compute);
    const actual = await run("wasm", compute);
    expect(actual.length).toBe(expected.length);
    for (const [index, { shape, dtype, values }] of actual.entries()) {
      expect({ shape, dtype }).toEqual({ shape: expected[index]?.shape, dtype: expected[index]?.dtype });
      for (const [item, value] of values.entries())
        expect(value).toBeCloseTo(expected[index]?.values[item] as number, 4);
    }
  });
});
