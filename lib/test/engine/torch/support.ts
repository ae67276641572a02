import "@tensorflow/tfjs";
import * as tf from "@tensorflow/tfjs-core";
import { expect } from "vitest";
import type { EngineDetails, EngineOptions } from "../../../src/engine/engine.js";
import { torch } from "../../../src/engine/torch/index.js";
import { loadAddon } from "../../../src/engine/torch/load-addon.js";
import { runtime } from "../../../src/engine/torch/runtime.js";

/**
 * Starts the engine with one thread: the tests' tensors are small, and several threads wait for each other, which takes
 * long where other processes want the cores.
 */
export async function startTorch(options: EngineOptions = { device: "cpu" }): Promise<EngineDetails> {
  const details = await torch.start(options);
  runtime.addon.setThreads(1);
  return details;
}

/** Whether the GPU's tests can run. A missing engine is a failure, a missing GPU is not. */
export const hasGpu = loadAddon().info().cuda !== undefined;

/** Runs `compute` on TensorFlow.js's own backend and on this engine, and compares what they return. */
export async function expectSameAsReference(
  compute: () => tf.Tensor | tf.Tensor[],
  tolerance = 1e-4,
): Promise<void> {
  const run = async (backend: string) => {
    await tf.setBackend(backend);
    const tensors = tf.tidy(() => [compute()].flat());
    const results = tensors.map((tensor) => ({
      shape: tensor.shape,
      dtype: tensor.dtype,
      values: tensor.dataSync(),
    }));
    tf.dispose(tensors);
    return results;
  };
  const expected = await run("cpu");
  const actual = await run("torch");
  expect(actual.length).toBe(expected.length);
  for (const [index, { shape, dtype, values }] of actual.entries()) {
    const reference = expected[index] as (typeof expected)[0];
    expect(shape).toEqual(reference.shape);
    expect(dtype).toBe(reference.dtype);
    const scale = Math.max(1, ...Array.from(reference.values, Math.abs));
    const error = Math.max(
      0,
      ...Array.from(values, (value, at) => Math.abs(value - (reference.values[at] as number))),
    );
    expect(error / scale).toBeLessThan(tolerance);
  }
}

/** Seeded numbers between -1 and 1, all different from their neighbours: no ties in maxima. */
export function numbers(shape: number[], seed = 1): tf.Tensor {
  let state = seed * 2654435761;
  const values = Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  });
  return tf.tensor(values, shape);
}
