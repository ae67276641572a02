import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { createAdam, type Parameters } from "../../src/index.js";
import {
  averageDecay,
  batchesAt,
  clipByGlobalNorm,
  constant,
  createAverage,
  indexBatches,
  inverseSquareRoot,
  noDecayForVectors,
  powerExponent,
  warmUp,
  warmUpCosine,
} from "../../src/train/index.js";
import { createSteering } from "../../src/train/steering.js";
import { describeOnEveryEngine } from "../engines.js";
import { normal } from "../gradient-check.js";

const variable = (values: tf.Tensor) => {
  const made = tf.variable(values);
  values.dispose();
  return made;
};
const read = (tensor: tf.Tensor | undefined) => Array.from((tensor as tf.Tensor).dataSync());

describe("schedules", () => {
  it("rise, stay, and fall as their formulas say", () => {
    expect([1, 50, 1e6].map(constant(0.3))).toEqual([0.3, 0.3, 0.3]);
    expect([1, 2, 4, 5, 100].map(warmUp(4))).toEqual([0.25, 0.5, 1, 1, 1]);
    const cosine = warmUpCosine({ warmUp: 10, steps: 110, floor: 0.1 });
    expect([1, 5, 10].map(cosine)).toEqual([0.1, 0.5, 1]);
    expect(cosine(60)).toBeCloseTo(0.55, 12);
    expect(cosine(35)).toBeCloseTo(0.1 + 0.9 * 0.5 * (1 + Math.SQRT1_2), 12);
    expect(cosine(110)).toBeCloseTo(0.1, 12);
    expect(cosine(1000)).toBeCloseTo(0.1, 12);
    const falling = inverseSquareRoot({ warmUp: 4, after: 100 });
    expect([2, 50, 100, 400].map(falling)).toEqual([0.5, 1, 1, 0.5]);
  });

  it("refuse what makes no curve", () => {
    expect(() => warmUpCosine({ warmUp: 10, steps: 10 })).toThrow(/steps - warmUp/);
    expect(() => warmUp(-1)).toThrow(/warmUp/);
    expect(() => inverseSquareRoot({ after: 0 })).toThrow(/after/);
  });
});

describe("averages", () => {
  it("power functions have the exponents of the paper and its reference implementation", () => {
    // numpy.roots([1, 7, 16 - std**-2, 12 - std**-2]).real.max(), as EDM2's code computes them
    const reference = [
      [0.01, 96.99489782370986],
      [0.05, 16.972198602303447],
      [0.1, 6.937203937601809],
      [0.25, 0.71982395800071],
    ] as const;
    for (const [std, gamma] of reference) expect(powerExponent(std)).toBeCloseTo(gamma, 9);
  });

  it("the average is what the integral says: weights grow with the power of the time", () => {
    const gamma = powerExponent(0.1);
    const steps = 1000;
    let average = 0;
    for (let t = 1; t <= steps; t++) {
      const beta = averageDecay({ relativeStd: 0.1 }, t);
      average = beta * average + (1 - beta) * t; // of a weight that is t at time t
    }
    // (gamma + 1) / T^(gamma + 1) times the integral of t^gamma t
    expect(average / steps).toBeCloseTo((gamma + 1) / (gamma + 2), 2);
    expect(averageDecay({ relativeStd: 0.1 }, 1)).toBe(0);
  });

  it("a constant decay can begin faster", () => {
    expect(averageDecay({ decay: 0.999 }, 1)).toBe(0.999);
    expect(averageDecay({ decay: 0.999, warmUp: true }, 1)).toBe(2 / 11);
    expect(averageDecay({ decay: 0.999, warmUp: true }, 1e6)).toBe(0.999);
  });

  it("refuse profiles that are none", () => {
    expect(() => createAverage({}, { decay: 1 })).toThrow(/decay has to be below 1/);
    expect(() => createAverage({}, { relativeStd: 0.3 })).toThrow(/relativeStd has to be below 0.288/);
    expect(() => createAverage({}, { relativeStd: 0 })).toThrow(/relativeStd/);
  });
});

describeOnEveryEngine("a weight average", () => {
  it("goes towards the weights, and changes places with them bit for bit", () => {
    const before = tf.memory().numTensors;
    const model: Parameters = {
      filter: variable(normal([3, 3, 2, 4], 1)),
      bias: variable(tf.tensor1d([-0, 1e-40, 3])),
    };
    const own = { filter: read(model.filter), bias: read(model.bias) };
    const average = createAverage(model, { decay: 0.5 });
    tf.tidy(() => model.filter?.assign(tf.zeros([3, 3, 2, 4])));
    average.update(0.25);
    const mixed = read(average.parameters.filter);
    for (const [index, value] of mixed.entries())
      expect(value).toBeCloseTo(0.75 * (own.filter[index] as number), 6);
    average.swap();
    expect(read(model.filter)).toEqual(mixed);
    expect(read(average.parameters.filter)).toEqual(new Array(72).fill(0));
    average.swap();
    expect(read(model.filter)).toEqual(new Array(72).fill(0));
    expect(read(average.parameters.filter)).toEqual(mixed);
    expect(Object.is(read(model.bias)[0], own.bias[0])).toBe(true);
    average.dispose();
    tf.dispose(model);
    expect(tf.memory().numTensors).toBe(before);
  });

  it("can be kept in the weights of another model, which has to be of the same kind", () => {
    const model: Parameters = { w: variable(normal([3], 1)) };
    const target: Parameters = { w: variable(normal([3], 2)) };
    const average = createAverage(model, { decay: 0.5, into: target });
    expect(read(target.w)).toEqual(read(model.w));
    average.dispose();
    expect(read(target.w)).toHaveLength(3);
    const other: Parameters = { w: variable(normal([4], 2)) };
    expect(() => createAverage(model, { decay: 0.5, into: other })).toThrow(/no parameter "w" \[3\]/);
    tf.dispose([model, target, other]);
  });

  it("does not disturb an optimiser that works in place", () => {
    const model: Parameters = { w: variable(tf.tensor1d([1, 2])) };
    const adam = createAdam(model, { learningRate: 0.5 });
    const average = createAverage(model, { decay: 0.5 });
    const update = () => {
      const gradients = { w: tf.tensor1d([1, 1]) };
      adam.update(gradients);
      tf.dispose(gradients);
    };
    update();
    average.swap();
    expect(read(model.w)).toEqual([1, 2]);
    update();
    average.swap();
    expect(read(model.w)[0]).toBeCloseTo(0.5, 5);
    expect(read(average.parameters.w)[0]).toBeCloseTo(0.5, 5);
    adam.dispose();
    average.dispose();
    tf.dispose(model);
  });
});

describeOnEveryEngine("clipByGlobalNorm", () => {
  it("shortens all gradients by one factor, PyTorch's, and leaves short ones alone", () => {
    const before = tf.memory().numTensors;
    const gradients = { a: tf.tensor1d([3, 0]), b: tf.tensor2d([[0, 4]]) };
    const long = clipByGlobalNorm(gradients, 2.5);
    const factor = 2.5 / (5 + 1e-6);
    expect(read(long.norm)[0]).toBeCloseTo(5, 5);
    expect(read(long.gradients.a)[0]).toBeCloseTo(3 * factor, 6);
    expect(read(long.gradients.b)[1]).toBeCloseTo(4 * factor, 6);
    const short = tf.tidy(() => clipByGlobalNorm(gradients, tf.scalar(7)));
    expect(read(short.gradients.a)).toEqual([3, 0]);
    expect(read(clipByGlobalNorm({}, 1).norm)).toEqual([0]);
    tf.dispose([gradients, long, short]);
    expect(tf.memory().numTensors).toBe(before + 1);
  });
});

describeOnEveryEngine("createAdam with groups", () => {
  it("trains every group in its own way, and saves them as one", () => {
    const parameters: Parameters = {
      "in.weight": variable(normal([2, 3], 1)),
      "in.bias": variable(normal([3], 2)),
      "frozen.weight": variable(normal([2, 2], 3)),
    };
    const frozen = { matches: (name: string) => name.startsWith("frozen"), learningRateScale: 0 };
    const start = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, read(value)]));
    const options = { learningRate: 0.1, weightDecay: 0.5, groups: [frozen, noDecayForVectors] };
    const adam = createAdam(parameters, options);
    const gradients = {
      "in.weight": tf.ones([2, 3]),
      "in.bias": tf.ones([3]),
      "frozen.weight": tf.ones([2, 2]),
    };
    adam.update(gradients);
    const expectAt = (name: string, wanted: (before: number) => number) => {
      for (const [index, value] of read(parameters[name]).entries())
        expect(value).toBeCloseTo(wanted(start[name]?.[index] as number), 5);
    };
    expectAt("in.weight", (before) => before * (1 - 0.1 * 0.5) - 0.1);
    expectAt("in.bias", (before) => before - 0.1);
    expectAt("frozen.weight", (before) => before);
    const snapshot = adam.snapshot();
    expect(snapshot.step).toBe(1);
    expect(Object.keys(snapshot.mean).sort()).toEqual(Object.keys(parameters).sort());
    adam.learningRate = 0.01;
    expect(adam.learningRate).toBe(0.01);
    const weights = read(parameters["in.bias"]);
    adam.update(gradients);
    const straight = read(parameters["in.bias"]);
    tf.tidy(() => parameters["in.bias"]?.assign(tf.tensor1d(weights)));
    adam.restore(snapshot);
    adam.update(gradients);
    expect(read(parameters["in.bias"])).toEqual(straight);
    expect(straight[0]).toBeCloseTo((weights[0] as number) - 0.01, 5);
    adam.dispose();
    tf.dispose([parameters, gradients]);
  });
});

describe("batches", () => {
  it("start at any step", async () => {
    const take = async <Batch>(batches: AsyncIterable<Batch>, count: number) => {
      const taken: Batch[] = [];
      for await (const batch of batches) if (taken.push(batch) === count) break;
      return taken;
    };
    expect(await take(batchesAt((step) => step * 10).from(2, {}), 3)).toEqual([20, 30, 40]);
    const indices = indexBatches(10, { batchSize: 4, seed: 1 });
    const all = await take(indices.from(0, {}), 5);
    expect(await take(indices.from(2, {}), 3)).toEqual(all.slice(2));
    const flat = all.flatMap((batch) => [...batch]);
    const everything = Array.from({ length: 10 }, (_, index) => index);
    expect(flat.slice(0, 10).sort((a, b) => a - b)).toEqual(everything);
    expect(flat.slice(10).sort((a, b) => a - b)).toEqual(everything);
  });
});

describe("steering", () => {
  const start = { pull: (step: number) => step / 10, spread: 0.5, learningRate: 0.1 };

  it("is a function of the step: schedules, until something is set", () => {
    const steering = createSteering(start);
    steering.change({ pull: 2 }, 3);
    expect([3, 4].map((step) => steering.valuesAt(step).pull)).toEqual([0.3, 2]);
    expect(steering.valuesAt(4)).toEqual({ pull: 2, spread: 0.5, learningRate: 0.1 });
    expect(steering.journal).toMatchObject([{ step: 3, what: "pull", from: 0.4, to: 2 }]);
  });

  it("does not note what changes nothing, but a schedule's end", () => {
    const steering = createSteering(start);
    steering.change({ spread: 0.5 }, 1);
    expect(steering.journal).toEqual([]);
    steering.change({ pull: 0.2 }, 1);
    expect(steering.journal).toMatchObject([{ step: 1, what: "pull", from: 0.2, to: 0.2 }]);
    expect(steering.valuesAt(9).pull).toBe(0.2);
  });

  it("a change drops what a replayed journal has for later, of the same name alone", () => {
    const replayed = createSteering(start);
    replayed.change({ spread: 1 }, 2);
    replayed.change({ spread: 2, learningRate: 0.2 }, 8);
    const steering = createSteering(start, {}, replayed.journal);
    expect(steering.valuesAt(9)).toMatchObject({ spread: 2, learningRate: 0.2 });
    steering.change({ spread: 3 }, 5);
    expect(steering.journal.map(({ step, to }) => [step, to])).toEqual([
      [2, 1],
      [5, 3],
      [8, 0.2],
    ]);
    expect(steering.valuesAt(20)).toMatchObject({ spread: 3, learningRate: 0.2 });
  });

  it("changes all or nothing", () => {
    const steering = createSteering(start);
    expect(() => steering.change({ spread: 1, unknown: 2 }, 1)).toThrow(/nothing called "unknown"/);
    expect(() => steering.change({ spread: 1, learningRate: -2 }, 1)).toThrow(/learningRate/);
    expect(steering.valuesAt(5).spread).toBe(0.5);
  });
});
