import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { type Adam, createAdam, type Parameters } from "../../src/index.js";
import { describeOnEveryEngine } from "../engines.js";
import { normal } from "../gradient-check.js";

/** Algorithm 1 of the paper in double precision, with decoupled weight decay. */
function adamInDoubles(
  start: number[],
  gradients: number[][],
  learningRate: number,
  weightDecay: number,
): number[] {
  const weights = [...start];
  const mean = start.map(() => 0);
  const square = start.map(() => 0);
  for (const [index, gradient] of gradients.entries()) {
    const step = index + 1;
    for (const [item, slope] of gradient.entries()) {
      mean[item] = 0.9 * (mean[item] as number) + 0.1 * slope;
      square[item] = 0.999 * (square[item] as number) + 0.001 * slope ** 2;
      const correctedMean = (mean[item] as number) / (1 - 0.9 ** step);
      const correctedSquare = (square[item] as number) / (1 - 0.999 ** step);
      const decayed = (weights[item] as number) * (1 - learningRate * weightDecay);
      weights[item] = decayed - (learningRate * correctedMean) / (Math.sqrt(correctedSquare) + 1e-8);
    }
  }
  return weights;
}

function variable(values: tf.Tensor): tf.Variable {
  const made = tf.variable(values);
  values.dispose();
  return made;
}

const read = (tensor: tf.Tensor | undefined) => Array.from((tensor as tf.Tensor).dataSync());

function update(adam: Adam, gradients: Record<string, tf.Tensor>): void {
  adam.update(gradients);
  tf.dispose(gradients);
}

/** Two parameters and seeded gradients for them: enough to see whether a training goes on as it should. */
function makeTraining(): { parameters: Parameters; gradients(step: number): Record<string, tf.Tensor> } {
  return {
    parameters: { matrix: variable(normal([3, 4], 1)), vector: variable(normal([5], 2)) },
    gradients: (step) => ({ matrix: normal([3, 4], 10 + step), vector: normal([5], 50 + step) }),
  };
}

describeOnEveryEngine("createAdam", () => {
  it.each([[[1]], [[2, 2]], [[5]]])("refuses a gradient of shape %j for a parameter of [4]", (shape) => {
    const weights = variable(normal([4], 1));
    const before = read(weights);
    const adam = createAdam({ weights }, { learningRate: 1 });
    expect(() => update(adam, { weights: normal(shape, 2) })).toThrow(
      expect.objectContaining({
        code: "ERR_SHAPE_MISMATCH",
        message: `The gradient of "weights" has the shape [${shape.join(", ")}], and the parameter [4].`,
      }),
    );
    expect(read(weights)).toEqual(before);
    adam.dispose();
    weights.dispose();
  });

  it.each([
    0, 0.1,
  ])("takes the steps of the papers, computed here in doubles (weight decay %d)", (weightDecay) => {
    const start = [0.5, -2, 3];
    const gradients = [
      [1, -0.1, 0],
      [0.5, 0.2, 1e-4],
      [-2, 0.3, 5],
    ];
    const w = variable(tf.tensor1d(start));
    const adam = createAdam({ w }, { learningRate: 0.01, weightDecay });
    for (const gradient of gradients) update(adam, { w: tf.tensor1d(gradient) });
    const wanted = adamInDoubles(start, gradients, 0.01, weightDecay);
    for (const [item, value] of read(w).entries()) expect(value).toBeCloseTo(wanted[item] as number, 5);
    adam.dispose();
    w.dispose();
  });

  it("updates every parameter by its own gradient, and leaves one without a gradient alone", () => {
    const before = tf.memory().numTensors;
    const matrix = variable(normal([2, 3], 1));
    const vector = variable(normal([4], 2));
    const unused = variable(normal([2], 3));
    const [matrixBefore, vectorBefore, unusedBefore] = [matrix, vector, unused].map(read) as [
      number[],
      number[],
      number[],
    ];
    const adam = createAdam({ matrix, vector, unused }, { learningRate: 0.1, weightDecay: 0 });
    update(adam, { matrix: tf.ones([2, 3]), vector: tf.fill([4], -3) });
    // The first step has the length of the learning rate, whatever the size of the gradient.
    for (const [item, value] of read(matrix).entries())
      expect(value).toBeCloseTo((matrixBefore[item] as number) - 0.1, 5);
    for (const [item, value] of read(vector).entries())
      expect(value).toBeCloseTo((vectorBefore[item] as number) + 0.1, 5);
    expect(read(unused)).toEqual(unusedBefore);
    adam.dispose();
    tf.dispose([matrix, vector, unused]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it("leaves a parameter alone also when only this update has no gradient for it, weight decay or not", () => {
    const { parameters, gradients } = makeTraining();
    const adam = createAdam(parameters, { learningRate: 0.1, weightDecay: 0.1 });
    update(adam, gradients(0));
    const vector = read(parameters.vector);
    const state = adam.snapshot();
    update(adam, { matrix: normal([3, 4], 99) });
    expect(read(parameters.vector)).toEqual(vector);
    expect(adam.snapshot().mean.vector).toEqual(state.mean.vector);
    expect(adam.snapshot().meanSquare.vector).toEqual(state.meanSquare.vector);
    adam.dispose();
    tf.dispose(parameters);
  });

  it("updates a variable that has two names once", () => {
    const w = variable(tf.tensor1d([1]));
    const adam = createAdam({ embedding: w, head: w }, { learningRate: 0.1 });
    update(adam, { embedding: tf.tensor1d([3]) });
    expect(read(w)[0]).toBeCloseTo(0.9, 5);
    adam.dispose();
    w.dispose();
  });

  it("goes on bit for bit from a snapshot", () => {
    const { parameters, gradients } = makeTraining();
    const adam = createAdam(parameters, { learningRate: 0.01 });
    for (const step of [0, 1, 2]) update(adam, gradients(step));
    const weights = Object.values(parameters).map(read);
    const snapshot = adam.snapshot();
    expect(snapshot.step).toBe(3);
    const goOn = (adam: Adam) => {
      for (const step of [3, 4]) update(adam, gradients(step));
      return { weights: Object.values(parameters).map(read), state: adam.snapshot() };
    };
    const straight = goOn(adam);

    const goBack = () => {
      for (const [index, parameter] of Object.values(parameters).entries()) {
        tf.tidy(() => parameter.assign(tf.tensor(weights[index] as number[], parameter.shape)));
      }
    };
    goBack();
    adam.restore(snapshot);
    expect(adam.snapshot()).toEqual(snapshot);
    expect(goOn(adam)).toEqual(straight);

    goBack();
    const another = createAdam(parameters, { learningRate: 0.01 });
    another.restore(snapshot);
    expect(goOn(another)).toEqual(straight);
    adam.dispose();
    another.dispose();
    tf.dispose(parameters);
  });

  it("takes a new learning rate from the next update on", () => {
    const w = variable(tf.tensor1d([1]));
    const adam = createAdam({ w }, { learningRate: 0.1 });
    update(adam, { w: tf.tensor1d([2]) });
    adam.learningRate = 0.01;
    expect(adam.learningRate).toBe(0.01);
    update(adam, { w: tf.tensor1d([2]) });
    expect(read(w)[0]).toBeCloseTo(1 - 0.1 - 0.01, 5);
    adam.dispose();
    w.dispose();
  });

  it("refuses options out of range and the state of other parameters", () => {
    const w = variable(tf.tensor1d([1, 2]));
    expect(() => createAdam({ w }, { learningRate: -1 })).toThrow(/learningRate/);
    expect(() => createAdam({ w }, { learningRate: 1, beta2: 1 })).toThrow(/beta2/);
    const adam = createAdam({ w }, { learningRate: 1 });
    const other = { step: 1, mean: { w: new Float32Array(3) }, meanSquare: { w: new Float32Array(3) } };
    expect(() => adam.restore(other)).toThrow(
      expect.objectContaining({ code: "ERR_SHAPE_MISMATCH", message: expect.stringContaining('"w" [2]') }),
    );
    adam.dispose();
    w.dispose();
  });
});
