import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import {
  addDense,
  createAdam,
  createRandom,
  dense,
  type Parameters,
  TrainingError,
} from "../../src/index.js";
import {
  averageDecay,
  batchesAt,
  clipByGlobalNorm,
  type Network,
  type TrainingReport,
  train,
} from "../../src/train/index.js";
import { describeOnEveryEngine, useEngine } from "../engines.js";
import { normal } from "../gradient-check.js";
import { heldTensors, makeTiny, readAll } from "./tiny-training.js";

async function collect(run: AsyncIterable<TrainingReport>): Promise<TrainingReport[]> {
  const events: TrainingReport[] = [];
  for await (const event of run) events.push(event);
  return events;
}

const lossesOf = (events: TrainingReport[]) =>
  events.map((event) => [event.step, event["generator.loss"], event["discriminator.loss"]]);

/** A line through points: a loss whose every step can be done again by hand. */
function makeLine() {
  const parameters: Parameters = {};
  addDense(parameters, createRandom(2), "line", 3, 2);
  const batches = batchesAt((step) => step);
  const toTensors = (step: number) => ({ x: normal([6, 3], 10 + step), y: normal([6, 2], 50 + step) });
  const loss = ({ x, y }: { x: tf.Tensor; y: tf.Tensor }) =>
    tf.mean(tf.squaredDifference(dense(parameters, "line", x as tf.Tensor2D), y)) as tf.Scalar;
  return { parameters, batches, toTensors, loss };
}

describeOnEveryEngine("train", () => {
  it("makes the steps that one would make by hand: schedule, clipping, AdamW, averages", async () => {
    const { parameters, batches, toTensors, loss } = makeLine();
    const schedule = (step: number) => 1 / step;
    const run = train({
      steps: 6,
      reportEvery: 1,
      batches,
      toTensors,
      networks: {
        line: {
          parameters,
          learningRate: 0.1,
          weightDecay: 0.1,
          schedule,
          clipNorm: 0.3,
          averages: { slow: { decay: 0.8 }, power: { relativeStd: 0.1 } },
          loss: ({ batch }) => ({ loss: loss(batch) }),
        },
      },
    });
    const events = await collect(run);
    const averaged: Record<string, ReturnType<typeof readAll>> = {};
    for (const name of ["slow", "power"]) {
      averaged[name] = await run.withAverage(name, () => readAll(parameters));
    }

    const hand = makeLine();
    const adam = createAdam(hand.parameters, { learningRate: 0.1, weightDecay: 0.1 });
    const start = readAll(hand.parameters);
    const expected = { slow: structuredClone(start), power: structuredClone(start) };
    for (let step = 1; step <= 6; step++) {
      const batch = toTensors(step - 1);
      const variables = Object.values(hand.parameters);
      const { value, grads } = tf.variableGrads(() => hand.loss(batch), variables);
      const gradients = Object.fromEntries(
        Object.entries(hand.parameters).map(([name, { name: own }]) => [name, grads[own] as tf.Tensor]),
      );
      const { gradients: clipped, norm } = clipByGlobalNorm(gradients, 0.3);
      expect(events[step - 1]?.loss).toBeCloseTo(value.dataSync()[0] as number, 5);
      expect(events[step - 1]?.gradientNorm).toBeCloseTo(norm.dataSync()[0] as number, 5);
      expect(events[step - 1]?.learningRate).toBeCloseTo(0.1 / step, 12);
      adam.learningRate = 0.1 / step;
      adam.update(clipped);
      for (const [name, profile] of [
        ["slow", { decay: 0.8 }],
        ["power", { relativeStd: 0.1 }],
      ] as const) {
        const beta = averageDecay(profile, step);
        for (const [key, values] of Object.entries(readAll(hand.parameters))) {
          for (const [index, weight] of values.entries()) {
            const row = expected[name][key] as number[];
            row[index] = beta * (row[index] as number) + (1 - beta) * weight;
          }
        }
      }
      tf.dispose([batch, value, grads, clipped, norm]);
    }
    const close = (actual: ReturnType<typeof readAll>, wanted: ReturnType<typeof readAll>) => {
      for (const [name, values] of Object.entries(wanted)) {
        for (const [index, value] of values.entries()) expect(actual[name]?.[index]).toBeCloseTo(value, 5);
      }
    };
    close(readAll(parameters), readAll(hand.parameters));
    close(averaged.slow as typeof start, expected.slow);
    close(averaged.power as typeof start, expected.power);
    expect(averaged.slow).not.toEqual(averaged.power);
    adam.dispose();
    tf.dispose([parameters, hand.parameters]);
  });

  it("accumulates: parts of a batch have the gradient of the whole", async () => {
    const losses = [];
    for (const microBatches of [1, 2, 3]) {
      const { parameters, batches, toTensors, loss } = makeLine();
      const run = train({
        steps: 8,
        reportEvery: 1,
        microBatches,
        batches,
        toTensors,
        networks: { line: { parameters, learningRate: 0.1, loss: ({ batch }) => ({ loss: loss(batch) }) } },
      });
      losses.push((await collect(run)).map((event) => event.loss as number));
      tf.dispose(parameters);
    }
    const [whole = [], ...others] = losses;
    for (const other of others) {
      for (const [step, value] of whole.entries()) expect(other[step]).toBeCloseTo(value, 5);
    }
  });

  it("lets networks take turns: each learns by its own loss, and gets what the one before has made", async () => {
    const tiny = makeTiny();
    const run = train({ ...tiny.options, steps: 240, reportEvery: 1 });
    const events = await collect(run);
    tiny.dispose();
    // The discriminator has no turn, and so no loss, at every third step.
    expect(events.slice(0, 6).map((event) => event["discriminator.loss"] !== undefined)).toEqual([
      true,
      true,
      false,
      true,
      true,
      false,
    ]);
    expect(events[5]?.pull).toBe(0.1);
    expect(events[4]?.pull).toBe(0);
    const distance = (from: number, to: number) =>
      events.slice(from, to).reduce((sum, event) => sum + (event["generator.distance"] as number), 0);
    expect(distance(220, 240)).toBeLessThan(0.5 * distance(0, 20));
    expect(events.at(-2)?.["discriminator.loss"]).toBeLessThan(2); // 2 is that of one who cannot tell
  });

  it("holds as many tensors after every step, and none of its own after the end", async () => {
    const tiny = makeTiny();
    await collect(train({ ...tiny.options, steps: 2 })); // torch puts small weights on its device when they are used
    const before = heldTensors();
    const run = train({ ...tiny.options, steps: 9, reportEvery: 1 });
    const held: string[] = [];
    for await (const { step } of run) {
      if (step === 4) await run.withAverage("slow", () => {});
      if (step === 5) run.set({ spread: 0.2 });
      if (step === 6) await run.checkpoint();
      if (step > 2) held.push(String(heldTensors())); // the second network's state is there from its first turn on
    }
    expect(new Set(held).size).toBe(1);
    expect(heldTensors()).toEqual(before);
    await run.withAverage("power", () => {});
    expect(heldTensors()).toEqual(before);
    for await (const _ of train({ ...tiny.options, reportEvery: 1 })) break;
    expect(heldTensors()).toEqual(before);
    tiny.dispose();
  });

  it("swaps averaged weights in and out without a trace", async () => {
    const straight = makeTiny();
    const expected = lossesOf(await collect(train(straight.options)));
    const tiny = makeTiny();
    const run = train(tiny.options);
    const events: TrainingReport[] = [];
    for await (const event of run) {
      events.push(event);
      const own = readAll(tiny.parameters);
      const averaged = await run.withAverage("slow", () => readAll(tiny.parameters));
      expect(averaged["generator.in.weight"]).not.toEqual(own["generator.in.weight"]);
      expect(averaged["discriminator.in.weight"]).toEqual(own["discriminator.in.weight"]);
      expect(readAll(tiny.parameters)).toEqual(own);
    }
    expect(lossesOf(events)).toEqual(expected);
    await expect(run.withAverage("fast", () => {})).rejects.toThrow(/no average|No network/);
    tiny.dispose();
    straight.dispose();
  });

  it("takes changes from the next step on, and makes them again from the journal", async () => {
    const tiny = makeTiny();
    const run = train({ ...tiny.options, reportEvery: 1 });
    const events: TrainingReport[] = [];
    for await (const event of run) {
      events.push(event);
      if (event.step === 7) run.set({ pull: 0.5, learningRate: 0.005 });
      if (event.step === 12) run.set({ "generator.clipNorm": 0.1 });
    }
    expect(events[6]?.["generator.learningRate"]).toBeCloseTo(0.02, 5);
    expect(events[7]).toMatchObject({ pull: 0.5, "discriminator.learningRate": 0.005 });
    expect(events[7]?.["generator.learningRate"]).toBeCloseTo(0.005, 5); // a little less, by the schedule
    const { journal } = run;
    expect(journal).toEqual([
      { step: 7, time: expect.any(String), what: "pull", from: 0.1, to: 0.5 },
      { step: 7, time: expect.any(String), what: "generator.learningRate", from: 0.02, to: 0.005 },
      { step: 7, time: expect.any(String), what: "discriminator.learningRate", from: 0.01, to: 0.005 },
      { step: 12, time: expect.any(String), what: "generator.clipNorm", from: 0.5, to: 0.1 },
    ]);
    const again = makeTiny();
    const replayed = await collect(train({ ...again.options, reportEvery: 1, journal }));
    expect(lossesOf(replayed)).toEqual(lossesOf(events));
    const other = makeTiny();
    const without = await collect(train({ ...other.options, reportEvery: 1 }));
    expect(lossesOf(without).slice(0, 7)).toEqual(lossesOf(events).slice(0, 7));
    expect(lossesOf(without)[8]).not.toEqual(lossesOf(events)[8]);
    for (const { dispose } of [tiny, again, other]) dispose();
  });

  it("puts all networks back when a loss is lost, and says whose it was", async () => {
    const straight = makeTiny();
    await collect(train({ ...straight.options, steps: 8 }));
    const tiny = makeTiny();
    const before = tf.memory().numTensors;
    const run = train({ ...tiny.options, checkpointEvery: { steps: 4 } });
    run.set({ spread: 0.1 });
    const failure = (async () => {
      for await (const { step } of run) if (step === 8) run.set({ "generator.learningRate": 1e30 });
    })();
    const error = await failure.then(
      () => undefined,
      (reason: unknown) => reason as TrainingError,
    );
    expect(error).toBeInstanceOf(TrainingError);
    expect(error).toMatchObject({ code: "ERR_LOSS_NOT_FINITE", checkpoint: { step: 8 } });
    expect(error?.parameterGroup).toMatch(/^generator\.(in|out)$/);
    expect(error?.message).toMatch(/lower generator\.learningRate \(it was 1e\+30\)/);
    expect(readAll(tiny.parameters)).toEqual(readAll(straight.parameters));
    expect(tf.memory().numTensors).toBe(before);
    tiny.dispose();
    straight.dispose();
  });
});

describe("a run", () => {
  beforeAll(() => useEngine("wasm"));

  it("asks for the next batch before it works at this one", async () => {
    const { parameters, toTensors, loss } = makeLine();
    const log: string[] = [];
    const batches = batchesAt((step) => {
      log.push(`batch ${step}`);
      return step;
    });
    const line: Network<ReturnType<typeof toTensors>> = {
      parameters,
      learningRate: 0.1,
      loss({ batch }) {
        log.push("step");
        return { loss: loss(batch) };
      },
    };
    await collect(train({ steps: 3, batches, toTensors, networks: { line } }));
    expect(log).toEqual(["batch 0", "batch 1", "step", "batch 2", "step", "batch 3", "step"]);
    tf.dispose(parameters);
  });

  it("goes on on another engine", async () => {
    const straight = makeTiny();
    const expected = await collect(train({ ...straight.options, reportEvery: 1 }));
    const moving = makeTiny();
    const run = train({ ...moving.options, reportEvery: 1 });
    const events: TrainingReport[] = [];
    for await (const event of run) {
      events.push(event);
      if (event.step === 10) await useEngine("torch");
      if (event.step === 20) await useEngine("tensorflow");
    }
    for (const [index, event] of events.entries()) {
      const wanted = expected[index]?.["generator.loss"] as number;
      expect(event["generator.loss"]).toBeCloseTo(wanted, 3);
    }
    await useEngine("wasm");
    straight.dispose();
    moving.dispose();
  });

  it("says when batches or their names cannot be", async () => {
    const { parameters, toTensors, loss } = makeLine();
    const before = tf.memory().numTensors;
    const line: Network<ReturnType<typeof toTensors>> = {
      parameters,
      learningRate: 0.1,
      loss: ({ batch }) => ({ loss: loss(batch) }),
    };
    const two = { from: async function* () { yield* [0, 1]; } }; // biome-ignore format: one line
    const few = train({ steps: 3, batches: two, toTensors, networks: { line } });
    await expect(collect(few)).rejects.toThrow(/ended after 2 steps/);
    const four = train({
      steps: 3,
      microBatches: 4,
      batches: batchesAt((step) => step),
      toTensors,
      networks: { line },
    });
    await expect(collect(four)).rejects.toThrow(/"x" \[6, 3\] cannot be divided into microBatches: 4/);
    const same: typeof line = {
      ...line,
      loss: ({ batch }) => ({ loss: loss(batch), terms: { step: loss(batch) } }),
    };
    const named = train({
      steps: 3,
      batches: batchesAt((step) => step),
      toTensors,
      networks: { line: same },
    });
    await expect(collect(named)).rejects.toThrow(/reports "step"/);
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose(parameters);
  });

  it("refuses what cannot be, at once", () => {
    const { options, dispose } = makeTiny();
    const { networks } = options;
    const generator = networks.generator as (typeof networks)[string];
    expect(() => train({ ...options, steps: 0 })).toThrow(/steps/);
    expect(() => train({ ...options, resume: true })).toThrow(/folder/);
    expect(() => train({ ...options, networks: {} })).toThrow(/at least one/);
    expect(() => train({ ...options, networks: { "a/b": generator } })).toThrow(/"a\/b" cannot be the name/);
    expect(() => train({ ...options, networks: { a: { ...generator, clipNorm: 0 } } })).toThrow(/clipNorm/);
    const journal = [{ step: 1, time: "", what: "weight", from: 0, to: 1 }];
    expect(() => train({ ...options, journal })).toThrow(/nothing called "weight".*pull, spread/);
    const run = train(options);
    expect(() => run.set({ "generator.learningRate": -1 })).toThrow(/learningRate/);
    expect(() => run.set({ pull: Number.NaN })).toThrow(/pull has to be a finite number/);
    expect(run.journal).toEqual([]);
    dispose();
  });
});
