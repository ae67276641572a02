import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { composedLayers } from "../../../src/engine/plain/layers.js";
import { torch } from "../../../src/engine/torch/index.js";
import type { Parameters } from "../../../src/nn/parameters.js";
import { createParameters, loss } from "./small-vae.js";
import { numbers, startTorch } from "./support.js";

const adamOptions = { learningRate: 1e-2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 };

describe("training on the torch engine", { timeout: 120_000 }, () => {
  let parameters: Parameters;
  beforeAll(async () => {
    await startTorch();
  });
  afterEach(() => {
    tf.dispose(parameters);
    tf.disposeVariables();
  });

  const batch = () => ({ pictures: numbers([4, 8, 8, 3], 7), noise: numbers([4, 4, 4, 4], 8) });

  it("has the gradients of TensorFlow.js's tape", () => {
    parameters = createParameters();
    const { pictures, noise } = batch();
    const { value, gradients } = torch.valueAndGradients(
      () => loss(parameters, torch.layers, pictures, noise),
      parameters,
    );
    const tape = tf.variableGrads(() => loss(parameters, composedLayers, pictures, noise));
    expect(value.dataSync()[0]).toBeCloseTo(tape.value.dataSync()[0] as number, 3);
    for (const [name, variable] of Object.entries(parameters)) {
      const expected = tape.grads[variable.name] as tf.Tensor;
      const actual = gradients[name] as tf.Tensor;
      expect(actual.shape).toEqual(expected.shape);
      const distance = tf.norm(tf.sub(actual, expected)).dataSync()[0] as number;
      const length = tf.norm(expected).dataSync()[0] as number;
      expect(length).toBeGreaterThan(0);
      expect(distance / length).toBeLessThan(1e-4);
    }
  });

  it("computes about the same in bfloat16", async () => {
    parameters = createParameters();
    const { pictures, noise } = batch();
    const compute = () =>
      torch.valueAndGradients(() => loss(parameters, torch.layers, pictures, noise), parameters);
    const exact = compute();
    await startTorch({ device: "cpu", precision: "bfloat16" });
    const rounded = compute();
    await startTorch();
    const relative = (a: tf.Tensor, b: tf.Tensor) =>
      (tf.norm(tf.sub(a, b)).dataSync()[0] as number) / (tf.norm(b).dataSync()[0] as number);
    expect(relative(rounded.value, exact.value)).toBeLessThan(0.01);
    for (const name of Object.keys(parameters)) {
      const difference = relative(rounded.gradients[name] as tf.Tensor, exact.gradients[name] as tf.Tensor);
      expect(difference).toBeLessThan(0.1);
    }
    expect(
      relative(rounded.gradients["last.weight"] as tf.Tensor, exact.gradients["last.weight"] as tf.Tensor),
    ).not.toBe(0);
  });

  it("holds neither tensors nor handles after a step, over 300 steps", () => {
    parameters = createParameters();
    const { pictures, noise } = batch();
    const adam = torch.createAdam(parameters, adamOptions);
    const losses: number[] = [];
    const step = () => {
      const { value, gradients } = torch.valueAndGradients(
        () => loss(parameters, torch.layers, pictures, noise),
        parameters,
      );
      adam.update(gradients);
      losses.push(value.dataSync()[0] as number);
      tf.dispose([value, gradients]);
    };
    step();
    const before = { ...torch.memory(), numTensors: tf.memory().numTensors };
    for (let index = 0; index < 300; index++) step();
    expect({ ...torch.memory(), numTensors: tf.memory().numTensors }).toEqual(before);
    expect(losses.at(-1)).toBeLessThan((losses[0] as number) / 2);
    adam.dispose();
  });
});
