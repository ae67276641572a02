/**
 * Trains the same models here and in PyTorch. With LATENTLAB_WRITE_FIXTURES=1 it also writes PyTorch's losses into
 * `fixtures/`: `LATENTLAB_WRITE_FIXTURES=1 npx vitest run --project lib test/parity/pytorch`.
 */
import process from "node:process";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { largestDifference } from "../../bench/report.js";
import { engine } from "../../src/index.js";
import { engineNames } from "../engines.js";
import { type Case, cases, lossTolerance, trainingLosses, uploadInputs } from "./cases.js";
import { readFixture, writeFixture } from "./fixtures.js";
import { PyTorch } from "./pytorch.js";

const gradientTolerance = 1e-4;
const pytorch = new PyTorch();
const losses = new Map<Case, number[]>();
const gradients = new Map<Case, Record<string, Float32Array>>();

beforeAll(async () => {
  await engine.use("wasm");
  const torch = await pytorch.version();
  for (const example of cases) {
    const model = example.create();
    losses.set(example, await pytorch.losses(example, model));
    gradients.set(example, await pytorch.gradients(example, model));
    model.dispose();
    if (process.env.LATENTLAB_WRITE_FIXTURES)
      writeFixture(example, { torch, losses: losses.get(example) ?? [] });
  }
}, 180_000);

afterAll(() => pytorch.stop());

it.each(cases)("the fixture of $name is what PyTorch computes", (example) => {
  // Processors with other vector units round otherwise, and 20 steps add it up.
  expect(largestDifference(readFixture(example).losses, losses.get(example) ?? [])).toBeLessThan(5e-5);
});

describe.each(engineNames)("%s and PyTorch", (name) => {
  beforeAll(async () => {
    await engine.use(name, { precision: "float32" });
  });

  it.each(cases)("have the same losses for 20 steps of $name", (example) => {
    expect(largestDifference(trainingLosses(example), losses.get(example) ?? [])).toBeLessThan(lossTolerance);
  });

  it.each(cases)("have the same gradients of $name", (example) => {
    const model = example.create();
    const inputs = uploadInputs(model);
    const ours = engine.valueAndGradients(() => model.loss(inputs), model.parameters);
    const theirs = gradients.get(example) ?? {};
    expect(Object.keys(ours.gradients).sort()).toEqual(Object.keys(theirs).sort());
    // Some gradients are zero but for rounding (a bias before a softmax): their error is measured by the others' size.
    const floor = 1e-3 * Math.max(...Object.values(theirs).map((values) => norm(values)));
    const errors = Object.entries(ours.gradients).map(([name, gradient]) => {
      const reference = theirs[name] as Float32Array;
      const difference = gradient.dataSync().map((value, index) => value - (reference[index] as number));
      return { name, error: norm(difference) / Math.max(norm(reference), floor) };
    });
    expect(errors.filter(({ error }) => !(error < gradientTolerance))).toEqual([]);
    tf.dispose([ours.value, ours.gradients, inputs]);
    model.dispose();
  });
});

function norm(values: ArrayLike<number>): number {
  return Math.sqrt(Array.from(values).reduce((sum, value) => sum + value * value, 0));
}
