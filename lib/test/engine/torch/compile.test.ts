import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { torch } from "../../../src/engine/torch/index.js";
import { createParameters, loss } from "./small-vae.js";
import { hasGpu, numbers, startTorch } from "./support.js";

const adamOptions = { learningRate: 1e-2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 };

/** A training step with all that a captured graph has to go on with by itself: noise, optimiser, running average. */
function createTraining(compiles: boolean) {
  const parameters = createParameters();
  const average = tf.variable(tf.zeros([3, 3, 3, 8]), false);
  const adam = torch.createAdam(parameters, adamOptions);
  const noise = torch.createNoise(5, 0);
  let calls = 0;
  const step = ({ pictures }: { pictures: tf.Tensor }) => {
    calls += 1;
    const { value, gradients } = torch.valueAndGradients(
      () => loss(parameters, torch.layers, pictures, noise.normal([pictures.shape[0] as number, 4, 4, 4])),
      parameters,
    );
    adam.update(gradients);
    average.assign(tf.add(tf.mul(average, 0.5), tf.mul(parameters["first.weight"] as tf.Tensor, 0.5)));
    return { loss: value as tf.Tensor };
  };
  const compiled = torch.compile(step);
  const run = compiles ? compiled : (inputs: { pictures: tf.Tensor }) => tf.tidy(() => step(inputs));
  return { parameters, average, adam, noise, run, compiled, calls: () => calls };
}

/** Twelve steps with two sizes of batches, a change of the learning rate, and assignments from outside. */
function train({ run, adam, average, parameters }: ReturnType<typeof createTraining>): number[] {
  const results: number[] = [];
  for (let index = 0; index < 12; index++) {
    if (index === 6) adam.setLearningRate(1e-3);
    if (index === 8) average.assign(tf.ones([3, 3, 3, 8]));
    if (index === 9) parameters["last.bias"]?.assign(tf.tensor1d([0.5, 0, -0.5]));
    const pictures = numbers([index % 3 === 2 ? 2 : 4, 8, 8, 3], index + 1);
    const outputs = run({ pictures });
    results.push(outputs.loss.dataSync()[0] as number, average.dataSync()[7] as number);
    tf.dispose([pictures, outputs]);
  }
  return results;
}

describe("a compiled step on the CPU", () => {
  beforeAll(async () => {
    await startTorch();
  });
  afterEach(() => tf.disposeVariables());

  it("is the step", () => {
    const [compiled, plain] = [createTraining(true), createTraining(false)];
    expect(train(compiled)).toEqual(train(plain));
    expect(compiled.compiled.captured).toBe(false);
  });
});

describe.runIf(hasGpu)("a compiled step on the GPU", () => {
  beforeAll(async () => {
    await torch.start({ device: "cuda", precision: "float32" });
  });
  afterEach(() => tf.disposeVariables());

  it("replays what it has recorded, and computes the same", () => {
    const [compiled, plain] = [createTraining(true), createTraining(false)];
    const [actual, expected] = [train(compiled), train(plain)];
    for (const [index, value] of actual.entries()) {
      expect(Math.abs(value / (expected[index] as number) - 1)).toBeLessThan(1e-3);
    }
    expect(compiled.compiled.captured).toBe(true);
    // Two warm-up calls and the recorded one, for both sizes.
    expect(compiled.calls()).toBe(6);
    expect(compiled.noise.position()).toBe(plain.noise.position());
    compiled.compiled.dispose();
  });

  it("leaves copies that were made of variables alone", () => {
    const { average, run, compiled } = createTraining(true);
    for (let index = 0; index < 6; index++) {
      const copy = tf.clone(average);
      const before = copy.dataSync();
      tf.dispose(run({ pictures: numbers([4, 8, 8, 3], 1) }));
      expect(copy.dataSync()).toEqual(before);
    }
    compiled.dispose();
  });

  it("leaves variables alone that were assigned those of the step", () => {
    const { average, parameters, run, compiled } = createTraining(true);
    const [teacher, other] = [tf.variable(tf.zeros([3, 3, 3, 8])), tf.variable(tf.zeros([3]))];
    for (let index = 0; index < 6; index++) {
      teacher.assign(average);
      other.assign(parameters["last.bias"] as tf.Variable);
      const before = [teacher, other].map((variable) => variable.dataSync().slice());
      tf.dispose(run({ pictures: numbers([4, 8, 8, 3], 1) }));
      expect([teacher, other].map((variable) => variable.dataSync())).toEqual(before);
      expect(parameters["last.bias"]?.dataSync()).not.toEqual(before[1]);
    }
    compiled.dispose();
  });

  it("says that nothing can be read inside, and goes on plainly", () => {
    const step = torch.compile(({ x }: { x: tf.Tensor }) => {
      const y = tf.mul(x, 2);
      y.dataSync();
      return { y };
    });
    const x = tf.tensor1d([1, 2]);
    expect(step({ x }).y.dataSync()[1]).toBe(4);
    step({ x });
    expect(() => step({ x })).toThrow(expect.objectContaining({ code: "ERR_COMPILED_STEP" }));
    expect(tf.add(x, 1).dataSync()[0]).toBe(2);
  });

  it("holds no more after 300 replays than before, and little after its end", () => {
    const { run, compiled } = createTraining(true);
    const pictures = numbers([4, 8, 8, 3], 1);
    const plain = torch.memory();
    const replay = () => tf.dispose(run({ pictures }));
    for (let index = 0; index < 5; index++) replay();
    const before = torch.memory();
    for (let index = 0; index < 300; index++) replay();
    expect(torch.memory()).toEqual(before);
    compiled.dispose();
    expect(torch.memory().bytes).toBeLessThanOrEqual(plain.bytes + 2 ** 20);
  });

  it("trains in TF32 and bfloat16, too", async () => {
    for (const precision of ["tf32", "bfloat16"] as const) {
      await torch.start({ device: "cuda", precision });
      const training = createTraining(true);
      const losses = train(training).filter((_, index) => index % 2 === 0);
      expect(losses.every(Number.isFinite)).toBe(true);
      training.compiled.dispose();
    }
    await torch.start({ device: "cuda", precision: "float32" });
  });

  it("moves tensors and parameters when the device changes", async () => {
    const tensor = tf.add(tf.tensor1d([1, 2]), 1);
    await startTorch();
    expect(tf.mul(tensor, 2).dataSync()[1]).toBe(6);
    await torch.start({ device: "cuda", precision: "float32" });
    expect(tf.mul(tensor, 2).dataSync()[1]).toBe(6);
  });

  it("clamps indices instead of ending the process's use of the GPU", () => {
    expect(tf.gather(tf.tensor1d([1, 2, 3]), tf.tensor1d([7], "int32")).dataSync()[0]).toBe(3);
  });
});
