import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type Autoencoder,
  type Bottleneck,
  cards,
  createAutoencoder,
  DataError,
  decodeLatents,
  encodeImages,
  engine,
  type FitOptions,
  fit,
  type ImageSet,
  type ImageSource,
  kl,
  pictures,
  psnr,
  reconstruct,
  scaledTanh,
  TrainingError,
  type TrainingEvent,
  varianceLoss,
} from "../../src/index.js";
import { describeOnEveryEngine, engineNames, useEngine } from "../engines.js";

const images = cards({ count: 64, seed: 1 });
/** Pictures that are read one by one. */
const openSource = ({ count, shape, pixels }: ImageSet): ImageSource => {
  const size = pixels.length / count;
  return { count, shape, read: (index) => pixels.subarray(index * size, (index + 1) * size) };
};
const makeModel = () => createAutoencoder({ widths: [4, 8, 8], seed: 1 });

async function collect(model: Autoencoder, options: Partial<FitOptions> = {}): Promise<TrainingEvent[]> {
  const events: TrainingEvent[] = [];
  for await (const event of fit(model, images, {
    steps: 20,
    klWeight: 0.01,
    batchSize: 8,
    reportEvery: 1,
    ...options,
  })) {
    events.push(event);
  }
  return events;
}

async function trainAnew(options: Partial<FitOptions> = {}): Promise<number[]> {
  const model = makeModel();
  const events = await collect(model, options);
  model.dispose();
  return events.map(({ loss }) => loss);
}

describeOnEveryEngine("fit", () => {
  it("learns", async () => {
    const model = makeModel();
    const before = psnr(pictures(images), await reconstruct(model, images));
    const events = await collect(model, { steps: 40, learningRate: 4e-3, reportEvery: 10 });
    const after = psnr(pictures(images), await reconstruct(model, images));
    model.dispose();
    expect(after).toBeGreaterThan(before + 3);
    expect(events.at(-1)?.loss).toBeLessThan((events[0]?.loss ?? 0) / 2);
  });

  it("reports the first, every n-th and the last step, in consistent units", async () => {
    const model = makeModel();
    const events = await collect(model, { steps: 7, reportEvery: 3, klWeight: 0.5 });
    model.dispose();
    expect(events.map(({ step }) => step)).toEqual([1, 3, 6, 7]);
    for (const { steps, loss, reconstruction, kl, elapsedMs, imagesPerSecond } of events) {
      expect(steps).toBe(7);
      expect(loss).toBeCloseTo(reconstruction + 0.5 * kl, 1);
      expect(elapsedMs).toBeGreaterThan(0);
      expect(imagesPerSecond).toBeGreaterThan(0);
    }
  });

  it("gives the same losses for the same seed, and others for another", async () => {
    const losses = await trainAnew({ steps: 5, seed: 3 });
    expect(await trainAnew({ steps: 5, seed: 3 })).toEqual(losses);
    expect(await trainAnew({ steps: 5, seed: 4 })).not.toEqual(losses);
  });

  it("keeps no tensors: not from step to step, not after the end, not in encode and decode", async () => {
    const model = makeModel();
    const before = tf.memory().numTensors;
    const during: number[] = [];
    for await (const _ of fit(model, images, { steps: 6, klWeight: 0.01, batchSize: 8, reportEvery: 1 })) {
      during.push(tf.memory().numTensors);
    }
    expect(new Set(during).size).toBe(1);
    expect(tf.memory().numTensors).toBe(before);

    const { mean } = await encodeImages(model, images, { batchSize: 24 });
    await decodeLatents(model, mean, { batchSize: 24 });
    expect(tf.memory().numTensors).toBe(before);

    model.dispose();
    expect(tf.memory().numTensors).toBe(before - Object.keys(model.parameters).length);
  });

  it("trains a model through the bottleneck that it has", async () => {
    const losses = async (bottleneck: Bottleneck[]) => {
      const model = createAutoencoder({ widths: [4, 8, 8], seed: 1, bottleneck });
      const event = (await fit(model, images, { steps: 1, batchSize: 8 }).next()).value as TrainingEvent;
      model.dispose();
      return event;
    };
    const plain = await losses([]);
    expect(plain).toMatchObject({ kl: 0, loss: plain.reconstruction });
    const bent = await losses([scaledTanh(0.01)]);
    expect(bent.reconstruction).not.toBe(plain.reconstruction);
    const drawn = await losses([kl({ weight: 2 })]);
    expect(drawn.loss).toBeCloseTo(drawn.reconstruction + 2 * drawn.kl, 2);
    expect(drawn.kl).toBeGreaterThan(0);
    // Whatever the penalty's unit: 256 latents a picture.
    const averaged = await losses([kl({ weight: 2, reduction: "mean" })]);
    expect(averaged.kl).toBe(drawn.kl);
    expect(averaged.loss).toBeCloseTo(averaged.reconstruction + (2 * averaged.kl) / 256, 2);
    const pulled = await losses([varianceLoss({ weight: 1e6 })]);
    expect(pulled.loss).toBeGreaterThan(100 * plain.loss);
  });

  it("stops after the current step when aborted, and leaves the model usable", async () => {
    const model = makeModel();
    const before = tf.memory().numTensors;
    const abort = new AbortController();
    const reason = new Error("enough");
    const seen: number[] = [];
    const run = (async () => {
      for await (const { step } of fit(model, images, {
        steps: 1000,
        klWeight: 0.01,
        batchSize: 8,
        reportEvery: 1,
        signal: abort.signal,
      })) {
        seen.push(step);
        if (step === 3) abort.abort(reason);
      }
    })();
    await expect(run).rejects.toBe(reason);
    expect(seen).toEqual([1, 2, 3]);
    expect(tf.memory().numTensors).toBe(before);
    const more = await collect(model, { steps: 2 });
    expect(more.every(({ loss }) => Number.isFinite(loss))).toBe(true);
    model.dispose();
  });

  it("frees its state when the reader leaves the loop", async () => {
    const model = makeModel();
    const before = tf.memory().numTensors;
    for await (const _ of fit(model, images, { steps: 1000, klWeight: 0.01, batchSize: 8 })) break;
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
  });

  it("says at which step the loss was lost and what to lower", async () => {
    const model = makeModel();
    const before = tf.memory().numTensors;
    const failure = collect(model, { learningRate: 1e20, steps: 50 });
    await expect(failure).rejects.toBeInstanceOf(TrainingError);
    await expect(failure).rejects.toMatchObject({
      code: "ERR_LOSS_NOT_FINITE",
      step: expect.any(Number),
      message: expect.stringMatching(/step \d+.*lower learningRate/),
    });
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
  });
});

describe("fit", () => {
  beforeAll(async () => {
    await engine.use("wasm");
  });

  it("is a run like any other: a folder to go on from, a weight that changes on the way", async () => {
    const folder = await fs.mkdtemp(path.join(os.tmpdir(), "latentlab-fit-"));
    const weights: (number | undefined)[] = [];
    const go = async (steps: number) => {
      const model = makeModel();
      const options = { klWeight: 0.01, batchSize: 8, reportEvery: 1, folder, resume: true, seed: 2 };
      const run = fit(model, openSource(images), { ...options, steps });
      for await (const { step, klWeight } of run) {
        weights.push(klWeight);
        if (step === 2) run.set({ klWeight: 0.5 });
      }
      expect(run.journal).toMatchObject([{ step: 2, what: "klWeight", from: 0.01, to: 0.5 }]);
      model.dispose();
    };
    await go(3);
    await go(5);
    expect(weights).toEqual([0.01, 0.01, 0.5, 0.5, 0.5]);
    await fs.rm(folder, { recursive: true });
  });

  it("lets timers fire between steps", async () => {
    const model = makeModel();
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await collect(model, { steps: 10, reportEvery: 10 });
    clearInterval(timer);
    model.dispose();
    expect(turns).toBeGreaterThanOrEqual(8);
  });

  it("refuses pictures of another size, and options out of range, before it starts", async () => {
    const model = makeModel();
    const small = cards({ count: 2, size: 20 });
    expect(() => fit(model, small, { steps: 1, klWeight: 0 })).toThrow(DataError);
    expect(() => fit(model, images, { steps: 0, klWeight: 0 })).toThrow(/steps/);
    expect(() => fit(model, images, { steps: 1, klWeight: -1 })).toThrow(/klWeight/);
    expect(() => fit(model, images, { steps: 1 })).toThrow(/klWeight is missing/);
    const weighted = createAutoencoder({ widths: [4, 8, 8], bottleneck: [kl({ weight: 1e-6 })] });
    expect(() => fit(weighted, images, { steps: 1, klWeight: 1 })).toThrow(/bottleneck/);
    expect(() => fit(weighted, images, { steps: 1 }).set({ klWeight: 1 })).toThrow(/nothing called/);
    weighted.dispose();
    expect(() => fit(model, images, { steps: 1, klWeight: 0, learningRate: 0 })).toThrow(/learningRate/);
    model.dispose();
  });
});

describe("the engines", () => {
  it("agree on the losses of 20 steps to 1e-4", async () => {
    const losses: number[][] = [];
    for (const name of engineNames) {
      await useEngine(name);
      losses.push(await trainAnew({ steps: 20, seed: 2 }));
    }
    const [first = [], ...others] = losses;
    expect(first).toHaveLength(20);
    for (const other of others) {
      for (const [step, loss] of first.entries()) {
        expect(Math.abs((other[step] ?? Number.NaN) - loss) / loss, `step ${step + 1}`).toBeLessThan(1e-4);
      }
    }
  });
});
