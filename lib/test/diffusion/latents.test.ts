import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  cacheLatents,
  drawPosterior,
  type LatentCache,
  latentTensors,
  loadLatents,
  makeLatentCache,
  measureScales,
  saveLatents,
  standardise,
  standardiseCache,
  unstandardise,
} from "../../src/diffusion/index.js";
import {
  type Bottleneck,
  cards,
  createAutoencoder,
  createNoise,
  createRandom,
  drawLatents,
  encodeImages,
  type FloatArray,
  fixedSigma,
  kl,
  klRate,
  scaledTanh,
} from "../../src/index.js";
import { describeOnEveryEngine, useEngine } from "../engines.js";
import { normal } from "../gradient-check.js";
import { momentsOf } from "./closed-form.js";

/** Two channels with means and standard deviations far apart. */
const truth = [
  { mean: 5, std: 4, sigma: 0.3 },
  { mean: -0.1, std: 0.02, sigma: 0.01 },
] as const;

function makeLatents(count: number): { mean: FloatArray; sigma: FloatArray } {
  const random = createRandom(4);
  const shape = [count, 3, 2, 2];
  const size = count * 12;
  const mean = Float32Array.from({ length: size }, (_, index) => {
    const channel = truth[index % 2] as (typeof truth)[0];
    return channel.mean + channel.std * random.normal();
  });
  const sigma = Float32Array.from(
    { length: size },
    (_, index) => (truth[index % 2] as (typeof truth)[0]).sigma,
  );
  return { mean: { data: mean, shape }, sigma: { data: sigma, shape } };
}

const channelOf = ({ data }: FloatArray, channel: number) => data.filter((_, index) => index % 2 === channel);

describe("standardise", () => {
  const { mean, sigma } = makeLatents(2000);
  const scales = measureScales(mean, sigma, 100);
  const random = createRandom(9);
  const drawn = {
    data: mean.data.map((value, index) => value + (sigma.data[index] as number) * random.normal()),
    shape: mean.shape,
  };

  it("knows the latents' total variance without drawing them", () => {
    for (const [channel, { mean, std, sigma }] of truth.entries()) {
      const found = momentsOf(channelOf(drawn, channel));
      expect(scales.channelMean[channel]).toBeCloseTo(found.mean, 2);
      expect((scales.channelStd[channel] as number) / found.std).toBeCloseTo(1, 1.7);
      expect(scales.channelMean[channel]).toBeCloseTo(mean, 0.5);
      expect((scales.channelStd[channel] as number) / Math.hypot(std, sigma)).toBeCloseTo(1, 1.3);
    }
    const first = momentsOf(drawn.data.subarray(0, 100 * 12));
    expect(scales.firstBatchStd / first.std).toBeCloseTo(1, 2);
  });

  it("per channel gives mean 0 and variance 1; with one scalar only the whole has about the size of 1", () => {
    const perChannel = standardise(drawn, scales, "per-channel");
    for (const channel of [0, 1]) {
      const { mean, std } = momentsOf(channelOf(perChannel, channel));
      expect(Math.abs(mean)).toBeLessThan(0.02);
      expect(std).toBeCloseTo(1, 1.5);
    }
    const one = standardise(drawn, scales, "one-scalar");
    expect(momentsOf(one.data).std).toBeCloseTo(1, 1);
    const [first, second] = [0, 1].map((channel) => momentsOf(channelOf(one, channel)));
    expect(first?.mean).toBeGreaterThan(1);
    expect(second?.std).toBeLessThan(0.02);
    expect(standardise(drawn, scales, "none").data).toEqual(drawn.data);
  });

  it.each(["per-channel", "one-scalar", "none"] as const)("%s has its way back", (standardisation) => {
    const back = unstandardise(standardise(drawn, scales, standardisation), scales, standardisation);
    expect(back.shape).toEqual(drawn.shape);
    for (const [index, value] of back.data.entries()) {
      expect(Math.abs(value - (drawn.data[index] as number))).toBeLessThan(1e-5);
    }
  });

  it("draws from a standardised cache have variance 1", () => {
    const cache = standardiseCache({ mean, sigma, scales }, "per-channel");
    const samples = cache.mean.data.map(
      (value, index) => value + (cache.sigma.data[index] as number) * random.normal(),
    );
    for (const channel of [0, 1]) {
      expect(momentsOf(channelOf({ data: samples, shape: [] }, channel)).std).toBeCloseTo(1, 1.5);
    }
  });

  it("takes latents that are there already, with and without a spread, but not broken ones", () => {
    expect(makeLatentCache(mean, sigma, { firstBatch: 100 }).scales).toEqual(scales);
    const plain = makeLatentCache(drawn);
    expect(plain.sigma.data.every((value) => value === 0)).toBe(true);
    expect(plain.scales.channelStd[1]).toBeCloseTo(scales.channelStd[1] as number, 3);
    const broken = {
      data: mean.data.map((value, index) => (index === 5 ? Number.NaN : value)),
      shape: mean.shape,
    };
    expect(() => makeLatentCache(broken)).toThrow(expect.objectContaining({ code: "ERR_NOT_FINITE" }));
    const turned = { data: sigma.data, shape: [2, 3, 2, 2000] };
    expect(() => makeLatentCache(mean, turned)).toThrow(
      expect.objectContaining({ code: "ERR_SHAPE_MISMATCH" }),
    );
    expect(() => makeLatentCache(mean, sigma, { firstBatch: 2001 })).toThrow(/firstBatch/);
  });

  it("refuses other channels and dead ones", () => {
    const three = { data: new Float32Array(12), shape: [2, 1, 2, 3] };
    const mismatch = expect.objectContaining({ code: "ERR_SHAPE_MISMATCH" });
    expect(() => standardise(three, scales, "per-channel")).toThrow(mismatch);
    expect(() => standardise({ data: new Float32Array(3), shape: [1, 1, 2, 2] }, scales, "none")).toThrow(
      mismatch,
    );
    const dead = { ...scales, channelStd: [1, 0] };
    expect(() => standardise(drawn, dead, "per-channel")).toThrow(/Channel 1/);
  });
});

describeOnEveryEngine("cacheLatents", () => {
  it("encodes all pictures once, in batches, and leaves no tensor", async () => {
    const images = cards({ count: 7, size: 16, seed: 1 });
    const model = createAutoencoder({
      imageSize: 16,
      imageChannels: images.shape[2],
      latentChannels: 2,
      widths: [4, 8, 8],
      seed: 1,
    });
    const before = tf.memory().numTensors;
    const whole = await cacheLatents(model, images, { batchSize: 7 });
    const parts = await cacheLatents(model, images, { batchSize: 3, firstBatch: 7 });
    expect(tf.memory().numTensors).toBe(before);
    expect(parts.mean.shape).toEqual(whole.mean.shape);
    for (const name of ["mean", "sigma"] as const) {
      for (const [index, value] of parts[name].data.entries()) {
        expect(value).toBeCloseTo(whole[name].data[index] as number, 5);
      }
    }
    expect(parts.scales.firstBatchStd).toBeCloseTo(whole.scales.firstBatchStd, 5);
    const chosen = latentTensors(whole, [6, 0]);
    const size = whole.mean.data.length / 7;
    expect(chosen.mean.dataSync()).toEqual(
      Float32Array.from([...whole.mean.data.subarray(6 * size), ...whole.mean.data.subarray(0, size)]),
    );
    const noise = normal(chosen.mean.shape, 1) as tf.Tensor4D;
    const drawn = drawPosterior(chosen, noise);
    const [m, s, n] = [chosen.mean, chosen.sigma, noise].map((tensor) => tensor.dataSync()[3] as number);
    expect(drawn.dataSync()[3]).toBeCloseTo((m as number) + (s as number) * (n as number), 5);
    expect(() => latentTensors(whole, [7])).toThrow(
      expect.objectContaining({ code: "ERR_INDEX_OUT_OF_RANGE" }),
    );
    tf.dispose([chosen, noise, drawn] as unknown as tf.TensorContainer);
    await expect(cacheLatents(model, images, { firstBatch: 8 })).rejects.toThrow(/firstBatch/);
    model.dispose();
  });
});

describeOnEveryEngine("cacheLatents of a bottleneck", () => {
  const images = cards({ count: 5, size: 16, seed: 1 });
  const modelWith = (bottleneck: Bottleneck[]) =>
    createAutoencoder({ imageSize: 16, latentChannels: 2, widths: [4, 4, 4], seed: 1, bottleneck });

  it.each<[string, Bottleneck[]]>([
    ["bends what was drawn", [kl({ weight: 0 }), scaledTanh(0.1)]],
    ["draws with random strengths", [fixedSigma({ sigma: 0.5, random: true })]],
  ])("that %s: stores a draw", async (_, bottleneck) => {
    const model = modelWith(bottleneck);
    const before = tf.memory().numTensors;
    const cache = await cacheLatents(model, images, { seed: 4 });
    expect(cache.mean).toEqual(await drawLatents(model, images, { seed: 4 }));
    expect(cache.mean).not.toEqual((await cacheLatents(model, images)).mean);
    expect(new Set(cache.sigma.data)).toEqual(new Set([0]));
    const encoded = await encodeImages(model, images);
    expect(encoded.approximate).toBe(true);
    expect(() => klRate(encoded)).toThrow(expect.objectContaining({ code: "ERR_NOT_GAUSSIAN" }));
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
  });

  it("that bends before it draws: stores the posteriors of which training draws", async () => {
    const model = modelWith([scaledTanh(0.1), kl({ weight: 0 })]);
    const cache = await cacheLatents(model, images, { seed: 4 });
    const encoded = await encodeImages(model, images);
    expect({ mean: cache.mean, sigma: cache.sigma }).toEqual(encoded);
    expect(klRate(encoded)).toBeGreaterThan(0);
    const noise = createNoise(4, 2 ** 51); // where drawLatents begins
    const drawn = tf.tidy(() => {
      const posterior = latentTensors(cache, [0, 1, 2, 3, 4]);
      return drawPosterior(posterior, noise.normal(posterior.mean.shape)).dataSync();
    });
    const wanted = await drawLatents(model, images, { seed: 4 });
    for (const [index, value] of wanted.data.entries()) expect(drawn[index]).toBeCloseTo(value, 5);
    noise.dispose();
    model.dispose();
  });
});

describe("saved latents", () => {
  let folder: string;
  let cache: LatentCache;
  beforeAll(async () => {
    await useEngine("torch");
    folder = await fs.mkdtemp(path.join(os.tmpdir(), "latents-"));
    const made = makeLatents(5);
    cache = { ...made, scales: measureScales(made.mean, made.sigma, 5) };
  });
  afterAll(() => fs.rm(folder, { recursive: true }));

  it("come back as they were, and can be replaced", async () => {
    const place = path.join(folder, "new", "place");
    await saveLatents(place, cache);
    expect(await loadLatents(place)).toEqual(cache);
    const other = standardiseCache(cache, "per-channel");
    await saveLatents(place, other);
    expect(await loadLatents(place)).toEqual(other);
    expect((await fs.readdir(place)).sort()).toEqual(["latents.json", "latents.safetensors"]);
  });

  it("are refused with a sentence where something is missing, damaged or of another cache", async () => {
    const [first, second] = [path.join(folder, "first"), path.join(folder, "second")];
    await saveLatents(first, cache);
    await saveLatents(second, cache);
    const json = path.join(first, "latents.json");
    const text = await fs.readFile(json, "utf8");
    const format = expect.objectContaining({ code: "ERR_DATASET_FORMAT", file: json });
    await fs.copyFile(path.join(second, "latents.json"), json);
    await expect(loadLatents(first)).rejects.toThrow(format);
    for (const broken of [
      "{",
      "null",
      "[]",
      text.replace('"version": 1', '"version": 2'),
      text.replace(/"firstBatchStd": .*/, '"firstBatchStd": null'),
    ]) {
      await fs.writeFile(json, broken);
      await expect(loadLatents(first)).rejects.toThrow(format);
    }
    await fs.writeFile(json, text.replace(/"channelStd": \[[^,]*,/, '"channelStd": ['));
    await expect(loadLatents(first)).rejects.toThrow(format);
    await fs.writeFile(json, text);
    await fs.truncate(path.join(first, "latents.safetensors"), 40);
    await expect(loadLatents(first)).rejects.toThrow(expect.objectContaining({ name: "WeightsError" }));
    await expect(loadLatents(path.join(folder, "none"))).rejects.toThrow(
      expect.objectContaining({ code: "ERR_DATASET_NOT_FOUND" }),
    );
  });
});

describe("scales by torch's convention", () => {
  beforeAll(() => useEngine("torch"));

  it("one scalar is what latent diffusion measures: the std of a draw of the first batch, flattened", () => {
    const { mean, sigma } = makeLatents(400);
    const noise = createNoise(2);
    const cache = { mean, sigma, scales: measureScales(mean, sigma, 400) };
    const indices = Array.from({ length: 400 }, (_, index) => index);
    tf.tidy(() => {
      const tensors = latentTensors(cache, indices);
      const draw = drawPosterior(tensors, noise.normal<tf.Rank.R4>([400, 3, 2, 2]));
      const { variance } = tf.moments(draw);
      expect(Math.sqrt(variance.dataSync()[0] as number) / cache.scales.firstBatchStd).toBeCloseTo(1, 2);
    });
    noise.dispose();
  });
});
