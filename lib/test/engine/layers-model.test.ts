import * as tf from "@tensorflow/tfjs";
import { expect, it } from "vitest";
import { describeOnEveryEngine } from "../engines.js";
import { normal } from "../gradient-check.js";

describeOnEveryEngine("a layers model", () => {
  it("of convolutions, pooling, batch normalisation and dropout learns", { timeout: 60_000 }, async () => {
    const { layers } = tf;
    const model = tf.sequential({
      layers: [
        layers.conv2d({
          filters: 8,
          kernelSize: 3,
          padding: "same",
          activation: "relu",
          inputShape: [8, 8, 1],
        }),
        layers.batchNormalization(),
        layers.maxPooling2d({ poolSize: 2 }),
        layers.conv2d({ filters: 8, kernelSize: 3, activation: "elu" }),
        layers.upSampling2d({ size: [2, 2] }),
        layers.averagePooling2d({ poolSize: 2 }),
        layers.flatten(),
        layers.dropout({ rate: 0.1, seed: 1 }),
        layers.dense({ units: 2, activation: "softmax" }),
      ],
    });
    const optimizer = tf.train.adam(0.01);
    model.compile({ optimizer, loss: "categoricalCrossentropy" });
    const x = normal([64, 8, 8, 1], 1);
    const isBright = tf.cast(tf.greater(tf.mean(x, [1, 2, 3]), 0), "int32") as tf.Tensor1D;
    const history = await model.fit(x, tf.oneHot(isBright, 2), {
      epochs: 8,
      batchSize: 16,
      verbose: 0,
      shuffle: false,
    });
    const losses = history.history.loss as number[];
    expect(losses.at(-1)).toBeLessThan((losses[0] as number) / 2);
  });

  it("with an embedding learns, and keeps no tensors from epoch to epoch", { timeout: 60_000 }, async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.embedding({ inputDim: 10, outputDim: 4, inputLength: 3 }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 1 }),
      ],
    });
    model.compile({ optimizer: tf.train.adam(0.05), loss: "meanSquaredError" });
    const words = tf.tensor2d(
      Array.from({ length: 40 }, (_, row) => [row % 10, (row * 3) % 10, (row * 7) % 10]),
      [40, 3],
    );
    const target = tf.sum(words, 1, true);
    const counts: number[] = [];
    const history = await model.fit(words, target, {
      epochs: 30,
      batchSize: 20,
      verbose: 0,
      shuffle: false,
      callbacks: { onEpochEnd: () => void counts.push(tf.memory().numTensors) },
    });
    const losses = history.history.loss as number[];
    expect(losses.at(-1)).toBeLessThan((losses[0] as number) / 4);
    expect(new Set(counts.slice(1)).size).toBe(1);
  });
});
