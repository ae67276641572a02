import * as tf from "@tensorflow/tfjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { torch } from "../../../src/engine/torch/index.js";
import { numbers, startTorch } from "./support.js";

describe("a layers model on the torch engine", { timeout: 120_000 }, () => {
  beforeAll(async () => {
    await startTorch();
  });
  afterAll(() => tf.disposeVariables());

  it("learns with TensorFlow.js's own tape and optimiser, without leaks", async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.conv2d({
          inputShape: [8, 8, 1],
          filters: 6,
          kernelSize: 3,
          padding: "same",
          activation: "relu",
        }),
        tf.layers.batchNormalization(),
        tf.layers.maxPooling2d({ poolSize: 2 }),
        tf.layers.depthwiseConv2d({ kernelSize: 3, padding: "same", depthMultiplier: 2 }),
        tf.layers.averagePooling2d({ poolSize: 2, padding: "same" }),
        tf.layers.separableConv2d({ filters: 8, kernelSize: 2 }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 16, activation: "elu" }),
        tf.layers.dropout({ rate: 0.1 }),
        tf.layers.dense({ units: 3, activation: "softmax" }),
      ],
    });
    model.compile({ optimizer: tf.train.adam(0.02), loss: "categoricalCrossentropy", metrics: ["accuracy"] });
    // The class is the third of the picture with most light in it.
    const pictures = numbers([90, 8, 8, 1], 3);
    const labels = tf.tidy(() => {
      const rows = tf
        .split(tf.mean(pictures, [2, 3]) as tf.Tensor2D, [3, 2, 3], 1)
        .map((part) => tf.mean(part, 1));
      return tf.oneHot(tf.argMax(tf.stack(rows, 1), 1), 3);
    });
    const fit = (epochs: number) => model.fit(pictures, labels, { epochs, batchSize: 30, verbose: 0 });
    const first = await fit(1);
    const before = { ...torch.memory(), tensors: tf.memory().numTensors };
    const last = await fit(25);
    expect({ ...torch.memory(), tensors: tf.memory().numTensors }).toEqual(before);
    expect(last.history.acc?.at(-1)).toBeGreaterThan(0.9);
    expect(last.history.loss?.at(-1)).toBeLessThan(first.history.loss?.[0] as number);
  });

  it("learns sequences with an embedding and a recurrent layer", async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.embedding({ inputDim: 10, outputDim: 4, inputLength: 5 }),
        tf.layers.lstm({ units: 6 }),
        tf.layers.dense({ units: 1 }),
      ],
    });
    model.compile({ optimizer: tf.train.adam(0.02), loss: "meanSquaredError" });
    const words = tf.cast(tf.mul(tf.abs(numbers([40, 5], 4)), 9.99), "int32");
    const sums = tf.div(tf.sum(words, 1, true), 20);
    const { history } = await model.fit(words, sums, { epochs: 30, verbose: 0 });
    expect(history.loss?.at(-1)).toBeLessThan((history.loss?.[0] as number) / 2);
  });
});
