import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import {
  type Adam,
  addConv2d,
  addDense,
  addGroupNorm,
  conv2d,
  createAdam,
  createNoise,
  createRandom,
  dense,
  engine,
  groupNorm,
  type Noise,
  type Parameters,
} from "../../src/index.js";
import { engineNames, useEngine } from "../engines.js";
import { normal } from "../gradient-check.js";

interface Training {
  parameters: Parameters;
  adam: Adam;
  noise: Noise;
  /** Makes that many steps and returns their losses. */
  run(steps: number): number[];
  dispose(): void;
}

/** A small denoiser, so that convolution, normalisation, linear layer, noise and optimiser all have a part. */
function makeTraining(): Training {
  const random = createRandom(1);
  const parameters: Parameters = {};
  addConv2d(parameters, random, "in", 3, 3, 8);
  addGroupNorm(parameters, "norm", 8);
  addDense(parameters, random, "out", 8, 3);
  const adam = createAdam(parameters, { learningRate: 1e-2, weightDecay: 0.01 });
  const noise = createNoise(5);
  const pictures = normal([4, 8, 8, 3], 2) as tf.Tensor4D;
  const step = engine.compile(({ pictures }: { pictures: tf.Tensor4D }) => {
    const { value, gradients } = engine.valueAndGradients(() => {
      const noisy = tf.add(pictures, noise.normal<tf.Rank.R4>([4, 8, 8, 3])) as tf.Tensor4D;
      const hidden = groupNorm(parameters, "norm", conv2d(parameters, "in", noisy), { activation: "silu" });
      return tf.mean(tf.squaredDifference(dense(parameters, "out", hidden), pictures));
    }, parameters);
    adam.update(gradients);
    return { loss: value };
  });
  return {
    parameters,
    adam,
    noise,
    run: (steps) =>
      Array.from({ length: steps }, () => {
        const { loss } = step({ pictures });
        const [value] = loss.dataSync();
        loss.dispose();
        return value as number;
      }),
    dispose() {
      step.dispose();
      adam.dispose();
      noise.dispose();
      tf.dispose([pictures, parameters]);
    },
  };
}

const readAll = (parameters: Parameters) =>
  Object.fromEntries(
    Object.entries(parameters).map(([name, variable]) => [name, variable.dataSync().slice()]),
  );

describe("a training", () => {
  for (const first of engineNames) {
    for (const second of engineNames.filter((name) => name !== first)) {
      it(`moves from ${first} to ${second} without loss and goes on as if it had not`, async () => {
        await useEngine(first);
        const straight = makeTraining();
        const expected = straight.run(10);
        const expectedWeights = readAll(straight.parameters);
        straight.dispose();

        const before = tf.memory().numTensors;
        const moving = makeTraining();
        const losses = moving.run(5);
        const weights = readAll(moving.parameters);
        const state = moving.adam.snapshot();
        const { position } = moving.noise;
        await useEngine(second);
        expect(readAll(moving.parameters)).toEqual(weights);
        moving.run(0);
        expect(moving.adam.snapshot()).toEqual(state);
        expect(moving.noise.position).toBe(position);
        losses.push(...moving.run(5));

        for (const [step, loss] of losses.entries()) {
          expect(Math.abs(loss / (expected[step] as number) - 1), `step ${step + 1}`).toBeLessThan(1e-4);
        }
        for (const [name, values] of Object.entries(readAll(moving.parameters))) {
          for (const [index, value] of values.entries())
            expect(value, name).toBeCloseTo(expectedWeights[name]?.[index] as number, 3);
        }
        moving.dispose();
        expect(tf.memory().numTensors).toBe(before);
      });
    }
  }

  it("gives the same losses for the first 20 steps on every engine", async () => {
    const runs: number[][] = [];
    for (const name of engineNames) {
      await useEngine(name);
      const training = makeTraining();
      runs.push(training.run(20));
      training.dispose();
    }
    const [reference = [], ...others] = runs;
    for (const other of others) {
      for (const [step, loss] of reference.entries()) {
        expect(Math.abs((other[step] as number) / loss - 1), `step ${step + 1}`).toBeLessThan(1e-4);
      }
    }
  });
});
