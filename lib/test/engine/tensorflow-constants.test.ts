import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, it, vi } from "vitest";
import type { NodeBackend } from "../../src/engine/tensorflow/binding.js";
import { engine } from "../../src/index.js";

beforeAll(() => engine.use("tensorflow", { device: "cpu" }));

const read = (tensor: tf.Tensor) => Array.from(tensor.dataSync());

it("a small constant that comes again is uploaded no more, and stays right when tensors of it are disposed of", () => {
  const values = tf.tensor1d([1, 2, 3]);
  const scale = () => tf.tidy(() => read(tf.mul(values, tf.scalar(0.123))));
  const expected = scale();
  const { binding } = tf.backend() as NodeBackend;
  const uploads = vi.spyOn(binding, "createTensor");
  for (let round = 0; round < 3; round++) {
    tf.scalar(0.123).dispose();
    expect(scale()).toEqual(expected);
  }
  const scalars = uploads.mock.results.map(({ value }) => value);
  expect(new Set(scalars).size).toBe(1);
  uploads.mockRestore();
  values.dispose();
});

it("constants that look alike are kept apart", () => {
  tf.tidy(() => {
    expect(read(tf.reciprocal(tf.tensor1d([0])))).toEqual([Number.POSITIVE_INFINITY]);
    expect(read(tf.reciprocal(tf.tensor1d([-0])))).toEqual([Number.NEGATIVE_INFINITY]);
    expect(tf.add(tf.tensor2d([1, 2], [1, 2]), 0).shape).toEqual([1, 2]);
    expect(tf.add(tf.tensor2d([1, 2], [2, 1]), 0).shape).toEqual([2, 1]);
    expect(tf.add(tf.tensor1d([1, 2], "int32"), tf.scalar(1, "int32")).dtype).toBe("int32");
    expect(tf.add(tf.tensor1d([1, 2]), 1).dtype).toBe("float32");
  });
});

it("a variable that starts from a constant changes alone", () => {
  tf.tidy(() => {
    const first = tf.variable(tf.tensor1d([5, 6]));
    const second = tf.variable(tf.tensor1d([5, 6]));
    first.assign(tf.tensor1d([7, 8]));
    expect(read(first)).toEqual([7, 8]);
    expect(read(second)).toEqual([5, 6]);
    tf.dispose([first, second]);
  });
});
