import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { AdamOptions, EngineAdam } from "../../../src/engine/engine.js";
import { createAdam as createPlainAdam } from "../../../src/engine/plain/adam.js";
import type { TorchBackend } from "../../../src/engine/torch/backend.js";
import { torch } from "../../../src/engine/torch/index.js";
import type { Parameters } from "../../../src/nn/parameters.js";
import { numbers, startTorch } from "./support.js";

const options: AdamOptions = { learningRate: 0.1, beta1: 0.8, beta2: 0.9, epsilon: 1e-6, weightDecay: 0 };

describe("Adam of the torch engine", () => {
  beforeAll(async () => {
    await startTorch();
  });
  afterEach(() => tf.disposeVariables());

  /** A filter, whose order in memory is torch's, and a bias. */
  const createParameters = (): Parameters => ({
    filter: tf.variable(numbers([3, 2, 4, 5], 1)),
    bias: tf.variable(tf.zeros([5])),
  });
  const gradientsOf = (step: number) => ({
    filter: numbers([3, 2, 4, 5], 10 + step),
    bias: numbers([5], 50 + step),
  });
  const valuesOf = (parameters: Parameters) =>
    Object.values(parameters).flatMap((x) => Array.from(x.dataSync()));
  const run = (parameters: Parameters, adam: EngineAdam, from: number, to: number) => {
    for (let step = from; step < to; step++) {
      if (step === 3) adam.setLearningRate(0.02);
      adam.update(gradientsOf(step));
    }
    return valuesOf(parameters);
  };
  const expectClose = (actual: number[], expected: number[]) => {
    const errors = actual.map((value, index) => Math.abs(value - (expected[index] as number)));
    expect(Math.max(...errors)).toBeLessThan(1e-5);
  };

  it.each([0, 0.1])("computes what the composed one does, weight decay %f", (weightDecay) => {
    const [fused, composed] = [createParameters(), createParameters()];
    const actual = run(fused, torch.createAdam(fused, { ...options, weightDecay }), 0, 6);
    const expected = run(composed, createPlainAdam(composed, { ...options, weightDecay }), 0, 6);
    expect(actual[0]).not.toBeCloseTo(numbers([3, 2, 4, 5], 1).dataSync()[0] as number, 2);
    expectClose(actual, expected);
  });

  it("updates in place, and leaves a variable alone that was assigned one of its parameters", () => {
    const parameters = createParameters();
    const adam = torch.createAdam(parameters, options);
    adam.update(gradientsOf(0));
    const place = () => (tf.backend() as TorchBackend).handle(parameters.filter as tf.Variable);
    const before = place();
    adam.update(gradientsOf(1));
    expect(place()).toBe(before);
    const teacher = tf.variable(tf.zeros([3, 2, 4, 5]));
    teacher.assign(parameters.filter as tf.Variable);
    const values = Array.from(teacher.dataSync());
    for (const step of [2, 3]) adam.update(gradientsOf(step));
    expect(Array.from(teacher.dataSync())).toEqual(values);
    expect(Array.from(parameters.filter?.dataSync() ?? [])).not.toEqual(values);
  });

  it("takes autograd's gradients as they come and the caller's in any order in memory", () => {
    const [direct, detour] = [createParameters(), createParameters()];
    const picture = numbers([1, 5, 5, 4], 3) as tf.Tensor4D;
    for (const [parameters, change] of [
      [direct, (x: tf.Tensor) => x],
      [
        detour,
        (x: tf.Tensor) =>
          x.rank === 4 ? tf.transpose(tf.transpose(tf.mul(x, 1), [3, 0, 1, 2]), [1, 2, 3, 0]) : tf.mul(x, 1),
      ],
    ] as const) {
      const { gradients } = torch.valueAndGradients(
        () =>
          tf.sum(
            tf.square(
              tf.add(tf.conv2d(picture, parameters.filter as never, 1, "same"), parameters.bias as tf.Tensor),
            ),
          ),
        parameters,
      );
      const changed = Object.fromEntries(Object.entries(gradients).map(([name, x]) => [name, change(x)]));
      torch.createAdam(parameters, options).update(changed);
    }
    expectClose(valuesOf(direct), valuesOf(detour));
  });

  it("leaves a parameter without a gradient as it is", () => {
    const parameters = createParameters();
    const before = valuesOf(parameters).slice(0, 120);
    const adam = torch.createAdam(parameters, options);
    adam.update({ bias: numbers([5], 1) });
    expect(valuesOf(parameters).slice(0, 120)).toEqual(before);
    expect(valuesOf(parameters)[120]).not.toBe(0);
  });

  it("goes on from a snapshot, and from the composed one's", () => {
    const whole = createParameters();
    const expected = run(whole, torch.createAdam(whole, options), 0, 6);
    for (const create of [torch.createAdam, createPlainAdam]) {
      const parts = createParameters();
      const first = create(parts, options);
      run(parts, first, 0, 4);
      const snapshot = first.snapshot();
      first.dispose();
      expect(snapshot.step).toBe(4);
      const rest = { ...options, learningRate: 0.02 };
      expectClose(run(parts, torch.createAdam(parts, rest, snapshot), 4, 6), expected);
    }
  });

  it("frees its state", () => {
    const parameters = createParameters();
    torch.createAdam(parameters, options).dispose();
    const before = torch.memory();
    const adam = torch.createAdam(parameters, options);
    adam.update(gradientsOf(0));
    adam.dispose();
    expect(torch.memory().bytes - before.bytes).toBeLessThan(1000); // the gradients are not disposed of
  });
});
