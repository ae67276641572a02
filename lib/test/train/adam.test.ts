import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { createAdam } from "../../src/train/adam.js";
import { describeOnEveryEngine } from "../engines.js";
import { normal } from "../gradient-check.js";

describeOnEveryEngine("createAdam", () => {
  it("takes the steps of algorithm 1, computed here in double precision", () => {
    const start = [0.5, -2, 3];
    const gradients = [
      [1, -0.1, 0],
      [0.5, 0.2, 1e-4],
      [-2, 0.3, 5],
    ];
    const variable = tf.tidy(() => tf.variable(tf.tensor1d(start)));
    const adam = createAdam([variable], 0.01);
    const wanted = [...start];
    const mean = [0, 0, 0];
    const square = [0, 0, 0];
    for (const [index, gradient] of gradients.entries()) {
      const tensor = tf.tensor1d(gradient);
      adam.update({ [variable.name]: tensor });
      tensor.dispose();
      const step = index + 1;
      for (const [item, slope] of gradient.entries()) {
        mean[item] = 0.9 * (mean[item] as number) + 0.1 * slope;
        square[item] = 0.999 * (square[item] as number) + 0.001 * slope ** 2;
        const correctedMean = (mean[item] as number) / (1 - 0.9 ** step);
        const correctedSquare = (square[item] as number) / (1 - 0.999 ** step);
        wanted[item] =
          (wanted[item] as number) - (0.01 * correctedMean) / (Math.sqrt(correctedSquare) + 1e-8);
      }
    }
    for (const [item, value] of variable.dataSync().entries())
      expect(value).toBeCloseTo(wanted[item] as number, 5);
    adam.dispose();
    variable.dispose();
  });

  it("updates every variable by its own gradient, and leaves one without a gradient alone", () => {
    const before = tf.memory().numTensors;
    const [matrix, vector, unused] = tf.tidy(() => [
      tf.variable(normal([2, 3], 1)),
      tf.variable(normal([4], 2)),
      tf.variable(normal([2], 3)),
    ]) as [tf.Variable, tf.Variable, tf.Variable];
    const values = () => [matrix, vector, unused].map((variable) => Array.from(variable.dataSync()));
    const [matrixBefore = [], vectorBefore = [], unusedBefore = []] = values();
    const adam = createAdam([matrix, vector, unused], 0.1);
    tf.tidy(() => adam.update({ [matrix.name]: tf.ones([2, 3]), [vector.name]: tf.fill([4], -3) }));
    const [matrixAfter = [], vectorAfter = [], unusedAfter = []] = values();
    // The first step has the length of the learning rate, whatever the size of the gradient.
    for (const [item, value] of matrixAfter.entries())
      expect(value).toBeCloseTo((matrixBefore[item] ?? 0) - 0.1, 5);
    for (const [item, value] of vectorAfter.entries())
      expect(value).toBeCloseTo((vectorBefore[item] ?? 0) + 0.1, 5);
    expect(unusedAfter).toEqual(unusedBefore);
    adam.dispose();
    for (const variable of [matrix, vector, unused]) variable.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
