import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { createNoise as createPlainNoise } from "../../../src/engine/plain/noise.js";
import { torch } from "../../../src/engine/torch/index.js";
import { startTorch } from "./support.js";

describe("noise of the torch engine", () => {
  beforeAll(async () => {
    await startTorch();
  });

  const expectClose = (actual: tf.Tensor, expected: tf.Tensor) => {
    expect(actual.shape).toEqual(expected.shape);
    const error = tf.max(tf.abs(tf.sub(actual, expected))).dataSync()[0] as number;
    expect(error).toBeLessThan(1e-5);
  };

  it("draws the same numbers as the host, from the same position on", () => {
    const position = 2 ** 33 + 5;
    const [here, host] = [torch.createNoise(2 ** 40 + 7, position), createPlainNoise(2 ** 40 + 7, position)];
    for (const shape of [[3, 5], [1], [128, 17]]) {
      expectClose(here.normal(shape), host.normal(shape));
      expectClose(here.uniform(shape), host.uniform(shape));
    }
    expect(here.position()).toBe(host.position());
    here.dispose();
  });

  it("draws something else from another seed", () => {
    const [first, second] = [1, 2].map((seed) => torch.createNoise(seed, 0).uniform([100]));
    const distance = tf.mean(tf.abs(tf.sub(first as tf.Tensor, second as tf.Tensor))).dataSync()[0] as number;
    expect(distance).toBeGreaterThan(0.1);
  });
});
