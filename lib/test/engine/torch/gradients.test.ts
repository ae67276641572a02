import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { torch } from "../../../src/engine/torch/index.js";
import { runtime } from "../../../src/engine/torch/runtime.js";
import type { Parameters } from "../../../src/nn/parameters.js";
import { startTorch } from "./support.js";

describe("valueAndGradients of the torch engine", () => {
  let parameters: Parameters;

  beforeAll(async () => {
    await startTorch();
  });
  beforeEach(() => {
    parameters = { weight: tf.variable(tf.tensor1d([1, 2, 3])), unused: tf.variable(tf.tensor1d([1])) };
  });
  afterEach(() => {
    tf.disposeVariables();
  });

  const sumOfSquares = () => tf.sum(tf.square(parameters.weight as tf.Tensor)) as tf.Scalar;

  it("leaves out parameters that the loss does not depend on", () => {
    const { value, gradients } = torch.valueAndGradients(sumOfSquares, parameters);
    expect(value.dataSync()).toEqual(new Float32Array([14]));
    expect(Object.keys(gradients)).toEqual(["weight"]);
    expect(gradients.weight?.dataSync()).toEqual(new Float32Array([2, 4, 6]));
  });

  it("has no gradients of a constant", () => {
    const { value, gradients } = torch.valueAndGradients(() => tf.scalar(3), parameters);
    expect(value.dataSync()[0]).toBe(3);
    expect(gradients).toEqual({});
  });

  it("goes on as before when the loss throws", () => {
    const { value, gradients } = torch.valueAndGradients(sumOfSquares, parameters);
    tf.dispose([value, gradients]);
    const handles = torch.memory().tensors;
    const fail = () => {
      sumOfSquares();
      throw new Error("in the middle");
    };
    expect(() => torch.valueAndGradients(fail, { weight: parameters.weight as tf.Variable })).toThrow(
      "in the middle",
    );
    expect(runtime.recording).toBe(false);
    expect(runtime.addon.recordGradients(false)).toBe(false);
    expect(torch.memory().tensors).toBe(handles);
    expect(torch.valueAndGradients(sumOfSquares, parameters).gradients.weight?.dataSync()[2]).toBe(6);
  });

  it("says what the loss has returned if that is no scalar", () => {
    const loss = () => tf.square(parameters.weight as tf.Tensor) as unknown as tf.Scalar;
    expect(() => torch.valueAndGradients(loss, parameters)).toThrow(/scalar.*\[3\]/);
  });

  it("does not keep the graph with the loss, nor with what was kept on the way", () => {
    const kept: tf.Tensor[] = [];
    const { value, gradients } = torch.valueAndGradients(() => {
      const squares = tf.keep(tf.square(parameters.weight as tf.Tensor));
      kept.push(squares);
      return tf.sum(squares);
    }, parameters);
    // A second pass through a graph that has been let go of is an error of torch's; without one there are no gradients.
    for (const tensor of [value, ...kept]) {
      const again = torch.valueAndGradients(() => tf.sum(tensor), parameters);
      expect(again.gradients).toEqual({});
    }
    tf.dispose([value, gradients, kept]);
  });

  it("differentiates a penalty on gradients, itself in a loss", () => {
    const weight = parameters.weight as tf.Variable;
    const { gradients } = torch.valueAndGradients(() => {
      const inner = torch.valueAndGradients(() => tf.sum(tf.pow(weight, 3)), { weight });
      return tf.sum(tf.square(inner.gradients.weight as tf.Tensor));
    }, parameters);
    // d/dw sum((3 w^2)^2) = 36 w^3
    expect(Array.from(gradients.weight?.dataSync() ?? [])).toEqual([36, 288, 972]);
  });

  it("differentiates the tape's gradients, too", () => {
    const x = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]);
    const filter = tf.variable(tf.tensor4d([0.1, 0.2, 0.3, 0.4], [2, 2, 1, 1]));
    const penalty = () => {
      const score = (input: tf.Tensor) =>
        tf.sum(tf.square(tf.conv2d(input as tf.Tensor4D, filter as never, 1, "same")));
      return tf.sum(tf.square(tf.grad(score)(x))) as tf.Scalar;
    };
    const { value, gradients } = torch.valueAndGradients(penalty, { filter });
    const before = value.dataSync()[0] as number;
    const gradient = gradients.filter?.dataSync() as Float32Array;
    const delta = 1e-3;
    filter.assign(tf.add(filter, tf.tensor4d([delta, 0, 0, 0], [2, 2, 1, 1])) as tf.Tensor4D);
    const numeric = ((penalty().dataSync()[0] as number) - before) / delta;
    expect(Math.abs(numeric / (gradient[0] as number) - 1)).toBeLessThan(0.02);
  });

  it("does not change tensors that share a parameter's data when an optimiser updates it", () => {
    const { weight } = parameters as { weight: tf.Variable };
    const before = tf.clone(weight);
    const adam = torch.createAdam(parameters, {
      learningRate: 1,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: 0,
    });
    const copies = [before, tf.clone(weight), tf.reshape(weight, [3, 1]), tf.slice(weight, 0, 3)];
    const { gradients } = torch.valueAndGradients(sumOfSquares, parameters);
    adam.update(gradients);
    expect(Array.from(weight.dataSync(), Math.round)).toEqual([0, 1, 2]);
    for (const copy of copies) expect(Array.from(copy.dataSync())).toEqual([1, 2, 3]);
    adam.dispose();
  });

  it("computes in bfloat16 where that is the precision", async () => {
    await torch.start({ device: "cpu", precision: "bfloat16" });
    const { weight } = parameters as { weight: tf.Variable };
    const product = () =>
      tf.sum(tf.matMul(tf.reshape(weight, [1, 3]), tf.tensor2d([1.001, 1, 1], [3, 1]))) as tf.Scalar;
    const { value, gradients } = torch.valueAndGradients(product, parameters);
    expect(value.dataSync()[0]).toBe(6);
    expect(gradients.weight?.dtype).toBe("float32");
    // 1.001 has no bfloat16; outside of a training step nothing is rounded.
    expect(gradients.weight?.dataSync()[0]).toBe(1);
    expect(product().dataSync()[0]).toBeCloseTo(6.001, 4);
    await torch.start({ device: "cpu" });
  });
});
