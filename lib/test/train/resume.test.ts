import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { imageBatches } from "../../src/data/index.js";
import { cards, RunError } from "../../src/index.js";
import { openSafetensors } from "../../src/safetensors/index.js";
import {
  type Batches,
  batchesAt,
  indexBatches,
  type Run,
  type TrainingReport,
  train,
} from "../../src/train/index.js";
import { describeOnEveryEngine, useEngine } from "../engines.js";
import { heldTensors, makeTiny, readAll } from "./tiny-training.js";

let folder: string;
beforeEach(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), "latentlab-run-"));
});
afterEach(() => fs.rm(folder, { recursive: true, force: true }));

const checkpointsIn = async (folder: string) => (await fs.readdir(path.join(folder, "checkpoints"))).sort();
const metricsOf = (folder: string) => fs.readFile(path.join(folder, "metrics.jsonl"), "utf8");
const codeOf = (code: string) => expect.objectContaining({ code });

async function finish(run: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of run);
}

/** Trains up to `steps` in a model of its own, and returns its weights. */
async function trainTo(
  steps: number,
  options: {
    folder: string;
    resume?: boolean;
    stopAt?: number;
    onEvent?(event: TrainingReport, run: Run): void;
  },
) {
  const { stopAt, onEvent, ...rest } = options;
  const tiny = makeTiny();
  const run = train({ ...tiny.options, checkpointEvery: { steps: 7 }, ...rest, steps, reportEvery: 1 });
  try {
    for await (const event of run) {
      onEvent?.(event, run as Run);
      if (event.step === stopAt) break;
    }
    return readAll(tiny.parameters);
  } finally {
    tiny.dispose();
  }
}

describeOnEveryEngine("a training with a folder", () => {
  it("goes on where it was left, bit for bit: losses, weights, averages, journal", async () => {
    const [straight, broken] = [path.join(folder, "straight"), path.join(folder, "broken")];
    const onEvent = ({ step }: TrainingReport, run: Run) => {
      if (step === 11) run.set({ pull: 0.4, learningRate: 0.01 });
    };
    const weights = await trainTo(30, { folder: straight, onEvent });
    const before = heldTensors();
    await trainTo(30, { folder: broken, stopAt: 9, onEvent });
    await trainTo(30, { folder: broken, resume: true, stopAt: 12, onEvent });
    // The change was made at step 11 and stands in the journal, so it needs not be made again.
    const resumed = await trainTo(30, { folder: broken, resume: true });
    expect(heldTensors()).toEqual(before);
    expect(resumed).toEqual(weights);
    expect(await metricsOf(broken)).toBe(await metricsOf(straight));
    const last = await Promise.all([straight, broken].map(async (run) => (await checkpointsIn(run)).at(-1)));
    const files = await fs.readdir(path.join(straight, "checkpoints", last[0] as string));
    expect(files.sort()).toEqual([
      "discriminator.optimizer.safetensors",
      "discriminator.safetensors",
      "generator.average.power.safetensors",
      "generator.average.slow.safetensors",
      "generator.optimizer.safetensors",
      "generator.safetensors",
      "state.json",
    ]);
    for (const file of files.filter((name) => name.endsWith(".safetensors"))) {
      const [one, other] = await Promise.all(
        [straight, broken].map((run, index) =>
          fs.readFile(path.join(run, "checkpoints", last[index] as string, file)),
        ),
      );
      expect(other?.equals(one as Buffer), file).toBe(true);
    }
  });
});

describe("a run", () => {
  beforeAll(() => useEngine("wasm"));

  it("keeps the last checkpoints, with weights by their names, and a state that says what it is", async () => {
    const weights = await trainTo(30, { folder });
    expect(await checkpointsIn(folder)).toEqual(["000004-step-21", "000005-step-28", "000006-step-30"]);
    const last = path.join(folder, "checkpoints/000006-step-30");
    const source = await openSafetensors(path.join(last, "generator.safetensors"));
    expect([...source.tensors.keys()].sort()).toEqual(["in.bias", "in.weight", "out.bias", "out.weight"]);
    expect([...(await source.readFloat32("in.weight"))]).toEqual(weights["generator.in.weight"]);
    await source.close();
    const state = JSON.parse(await fs.readFile(path.join(last, "state.json"), "utf8"));
    expect(state).toMatchObject({
      version: 1,
      step: 30,
      noisePosition: 30 * 2 * 6, // 2 micro-batches of 4 x 6 numbers, 4 a block
      networks: { generator: { updates: 30, averages: ["slow", "power"] }, discriminator: { updates: 20 } },
      options: { seed: 3, "generator.learningRate": 0.02, pull: "schedule" },
      engine: { name: "wasm" },
      journal: [],
    });
    const lines = (await metricsOf(folder))
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.map(({ step }) => step)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
    expect(lines[3]).toEqual({
      step: 4,
      pull: 0,
      spread: 0.1,
      "generator.learningRate": expect.any(Number),
      "discriminator.learningRate": 0.01,
      "generator.loss": expect.any(Number),
      "generator.distance": expect.any(Number),
      "generator.gradientNorm": expect.any(Number),
      "discriminator.loss": expect.any(Number),
    });
  });

  it("repairs its metrics: a line that was cut off, and steps that will be done again", async () => {
    await trainTo(14, { folder });
    const straight = await metricsOf(folder);
    const file = path.join(folder, "metrics.jsonl");
    await fs.appendFile(file, '{"step":15,"loss":1}\n{"step":16,"lo');
    await trainTo(14, { folder, resume: true });
    expect(await metricsOf(folder)).toBe(straight);
    await fs.appendFile(file, "\0\0\0\0\n");
    await trainTo(16, { folder, resume: true });
    expect(await metricsOf(folder)).toMatch(/"step":14,.*\n{"step":15,.*\n{"step":16,.*\n$/);
  });

  it("is not begun anew over another one, and resumed only as it was", async () => {
    await trainTo(3, { folder });
    await expect(trainTo(3, { folder })).rejects.toEqual(codeOf("ERR_RUN_EXISTS"));
    const before = heldTensors();
    const tiny = makeTiny();
    const { options, parameters } = tiny;
    const untouched = readAll(parameters);
    const { generator, discriminator } = options.networks;
    const resumeWith = (changes: Partial<typeof options>) =>
      finish(train({ ...options, folder, resume: true, ...changes }));
    await expect(resumeWith({ seed: 4 })).rejects.toThrow(/begun with seed: 3, not 4/);
    await expect(resumeWith({ settings: { pull: 1, spread: 0.1 } })).rejects.toThrow(/pull: schedule, not 1/);
    await expect(resumeWith({ networks: { generator } as never })).rejects.toEqual(
      codeOf("ERR_RUN_MISMATCH"),
    );
    const swapped = { generator: discriminator, discriminator: generator } as never;
    await expect(resumeWith({ networks: swapped })).rejects.toEqual(codeOf("ERR_RUN_MISMATCH"));
    expect(readAll(parameters)).toEqual(untouched);
    tiny.dispose();
    expect(heldTensors()).toEqual(before);
  });

  it("is not resumed with other batches, where these say what they are", async () => {
    const images = cards({ count: 8, size: 16, seed: 1 });
    const go = async (batches: Batches<unknown>) => {
      const parameters = { weight: tf.variable(tf.ones([2])) };
      const loss = () => ({ loss: tf.sum(tf.square(parameters.weight)) as tf.Scalar });
      const networks = { model: { parameters, learningRate: 0.1, loss } };
      try {
        await finish(train({ steps: 2, batches, toTensors: () => ({}), networks, folder, resume: true }));
      } finally {
        tf.dispose(parameters);
      }
    };
    const options = { batchSize: 4, seed: 1 };
    await go(imageBatches(images, options));
    await go(imageBatches(images, { ...options, prefetch: 5 }));
    const others: [Batches<unknown>, RegExp][] = [
      [imageBatches(images, { ...options, batchSize: 2 }), /batches.batchSize: 4, not 2/],
      [imageBatches(images, { ...options, seed: 2 }), /batches.seed: 1, not 2/],
      [imageBatches(images, { ...options, crop: 8 }), /batches.crop: 16 x 16, not 8 x 8/],
      [imageBatches(images, { ...options, flip: true }), /batches.flip: false, not true/],
      [imageBatches(cards({ count: 7, size: 16 }), options), /batches.count: 8, not 7/],
      [imageBatches(cards({ count: 8, size: 18 }), options), /batches.pictures: 16 x 16 x 3, not 18/],
      [batchesAt(() => undefined), /batches.count: 8, not undefined/],
    ];
    for (const [batches, message] of others) await expect(go(batches)).rejects.toThrow(message);
    expect(indexBatches(8, options).describe?.()).toEqual({ count: 8, batchSize: 4, seed: 1 });
  });

  it("names a checkpoint that cannot be read, and goes on from the one before", async () => {
    const straight = await trainTo(30, { folder: path.join(folder, "straight") });
    const run = path.join(folder, "run");
    await trainTo(10, { folder: run });
    const [, older, newest] = await checkpointsIn(run);
    expect(newest).toBe("000003-step-10");
    const place = path.join(run, "checkpoints", newest as string);
    await fs.truncate(path.join(place, "generator.safetensors"), 100);
    await expect(trainTo(30, { folder: run, resume: true })).rejects.toEqual(codeOf("ERR_RUN_DAMAGED"));
    await fs.writeFile(path.join(place, "state.json"), '{"version":1,"step":"10"}');
    await expect(trainTo(30, { folder: run, resume: true })).rejects.toThrow(/state\.json.*one before/);
    await fs.rm(place, { recursive: true });
    expect(older).toBe("000002-step-7");
    expect(await trainTo(30, { folder: run, resume: true })).toEqual(straight);
  });

  it("removes what was left of a checkpoint that was being written", async () => {
    await trainTo(3, { folder });
    const left = path.join(folder, "checkpoints/.000009-step-9.0123456789ab.tmp");
    await fs.mkdir(left);
    await fs.writeFile(path.join(left, "generator.safetensors"), "half");
    await trainTo(4, { folder, resume: true });
    expect(await checkpointsIn(folder)).toEqual(["000001-step-0", "000002-step-3", "000003-step-4"]);
  });

  it("saves when it is asked to, when it is aborted and after a number of seconds", async () => {
    const tiny = makeTiny();
    const abort = new AbortController();
    const reason = new Error("enough");
    const run = train({ ...tiny.options, folder, reportEvery: 1, signal: abort.signal, steps: 1000 });
    await expect(run.checkpoint()).rejects.toBeInstanceOf(RunError);
    const all = async () => {
      for await (const { step } of run) {
        if (step === 2) expect(await run.checkpoint()).toBe(path.join(folder, "checkpoints/000002-step-2"));
        if (step === 5) abort.abort(reason);
      }
    };
    await expect(all()).rejects.toBe(reason);
    expect(await checkpointsIn(folder)).toEqual(["000001-step-0", "000002-step-2", "000003-step-5"]);
    await expect(run.checkpoint()).rejects.toEqual(codeOf("ERR_RUN_NOT_ACTIVE"));
    const often = train({ ...tiny.options, folder, resume: true, steps: 9, checkpointEvery: { seconds: 0 } });
    await finish(often);
    expect(await checkpointsIn(folder)).toEqual(["000005-step-7", "000006-step-8", "000007-step-9"]);
    tiny.dispose();
  });

  it("waits while it is paused, and saves, evaluates, changes and aborts all the same", async () => {
    const tiny = makeTiny();
    const abort = new AbortController();
    const run = train({ ...tiny.options, folder, reportEvery: 1, signal: abort.signal, steps: 1000 });
    const seen: number[] = [];
    const all = (async () => {
      for await (const { step } of run) seen.push(step);
    })();
    const rejected = expect(all).rejects.toThrow("over");
    while (seen.length < 3) await sleep(1);
    run.pause();
    expect(run.paused).toBe(true);
    const place = await run.checkpoint();
    const { length } = seen;
    await sleep(50);
    expect(seen.length).toBeLessThanOrEqual(length + 1);
    expect(path.basename(place as string)).toMatch(new RegExp(`-step-${run.step}$`));
    const rested = run.step;
    run.set({ pull: 0.9 });
    expect(await run.withAverage("slow", () => "evaluated")).toBe("evaluated");
    await sleep(20);
    expect(run.step).toBe(rested);
    run.resume();
    while (seen.length < length + 5) await sleep(1);
    expect(run.paused).toBe(false);
    expect(run.journal).toMatchObject([{ step: rested, what: "pull", to: 0.9 }]);
    run.pause();
    await sleep(10);
    abort.abort(new Error("over"));
    await rejected;
    const newest = (await checkpointsIn(folder)).at(-1) as string;
    expect(newest).toMatch(new RegExp(`-step-${run.step}$`));
    const state = await fs.readFile(path.join(folder, "checkpoints", newest, "state.json"), "utf8");
    expect(JSON.parse(state).journal).toEqual(run.journal);
    expect(JSON.parse(await fs.readFile(path.join(folder, "journal.json"), "utf8"))).toEqual(run.journal);
    tiny.dispose();
  });
});
