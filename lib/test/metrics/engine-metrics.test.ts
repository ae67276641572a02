import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { type Codec, createAutoencoder } from "../../src/autoencoder/index.js";
import {
  cards,
  createRandom,
  DataError,
  encodeImages,
  engine,
  type FloatArray,
  imageSet,
  pictures,
} from "../../src/index.js";
import { createRandomFeatures } from "../../src/losses/index.js";
import {
  decoderLipschitz,
  decoderRobustness,
  features,
  floorOfDifference,
  frechetDistance,
  influenceMap,
  kid,
} from "../../src/metrics/index.js";
import { describeOnEveryEngine } from "../engines.js";

/** A decoder in closed form, for latents of one channel and 2 x 2 pixels a position. */
function codecOf(decode: (latents: tf.Tensor4D) => tf.Tensor4D): Codec {
  const double = (x: tf.Tensor4D) =>
    tf.image.resizeNearestNeighbor(x, [2 * x.shape[1], 2 * x.shape[2]]) as tf.Tensor4D;
  return {
    ...{ parameters: {}, imageChannels: 1, latentChannels: 1, downsampling: 2 },
    encode: () => {
      throw new Error("not needed");
    },
    decode: (latents) => double(decode(latents)),
  };
}

const latentsOf = (shape: number[], seed = 1): FloatArray => ({
  data: createRandom(seed).fillNormal(new Float32Array(shape.reduce((a, b) => a * b))),
  shape,
});

const counts = () => [tf.memory().numTensors, engine.memory().tensors];

describeOnEveryEngine("features", () => {
  it("tell disturbed cards from cards, and the more the stronger", async () => {
    const truth = cards({ count: 64, seed: 1, size: 16 });
    const other = cards({ count: 64, seed: 2, size: 16 });
    const disturbed = (strength: number) => {
      const random = createRandom(5);
      const { data, shape } = pictures(other);
      const noisy = data.map((value) => Math.min(255, Math.max(0, value + strength * random.uniform(-1, 1))));
      return { data: noisy, shape };
    };
    const before = counts();
    const [ofTruth, ofOther, weak, strong] = (await Promise.all(
      [truth, other, disturbed(60), disturbed(120)].map((set) => features(set)),
    )) as [FloatArray, FloatArray, FloatArray, FloatArray];
    expect(counts()).toEqual(before);
    expect(ofTruth.shape).toEqual([64, 224]);
    for (const distance of [kid, frechetDistance]) {
      expect(distance(ofTruth, weak)).toBeGreaterThan(3 * Math.abs(distance(ofTruth, ofOther)));
      expect(distance(ofTruth, strong)).toBeGreaterThan(distance(ofTruth, weak));
    }
    // The same whatever the batch, and from the same pictures in either form.
    const again = await features(pictures(truth), { batchSize: 7 });
    for (const [index, value] of again.data.entries())
      expect(value).toBeCloseTo(ofTruth.data[index] as number, 3);
  });

  it("are mean and standard deviation of every channel", async () => {
    const network = createRandomFeatures({ widths: [3, 5], seed: 4 });
    const set = cards({ count: 2, seed: 1, size: 16 });
    const { data, shape } = await features(set, { network });
    expect(shape).toEqual([2, 16]);
    const map = tf.tidy(() => {
      const scaled = Float32Array.from(set.pixels, (value) => value / 127.5 - 1);
      return network.maps(tf.tensor4d(scaled, [2, 16, 16, 3]))[0]?.arraySync() as number[][][][];
    });
    const values = (map[1] as number[][][]).flat().map((channels) => channels[2] as number);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(data[16 + 2]).toBeCloseTo(mean, 4);
    expect(data[16 + 3 + 2]).toBeCloseTo(Math.sqrt(variance), 4);
    await expect(features({ data: new Uint8Array(4), shape: [1, 2, 2, 1] }, { network })).rejects.toThrow(
      DataError,
    );
    await expect(features({ data: new Uint8Array(0), shape: [0, 2, 2, 3] })).rejects.toThrow(DataError);
    network.dispose();
  });
});

describeOnEveryEngine("influenceMap", () => {
  it("of a local decoder: no leakage, no spots, all energy in the own cell", async () => {
    const latents = latentsOf([2, 6, 6, 1]);
    const local = codecOf((z) => tf.mul(z, 3));
    const before = counts();
    const { energy, leakage, response, meanLeakage, spotScore } = await influenceMap(local, latents, {
      reach: 0,
      batchSize: 5,
      size: 2,
    });
    expect(counts()).toEqual(before);
    expect(meanLeakage).toBe(0);
    expect(Math.max(...leakage.data)).toBe(0);
    expect(spotScore).toBeCloseTo(1, 3);
    const deviation = Math.sqrt(
      latents.data.reduce((sum, value) => sum + value ** 2, 0) / 72 -
        (latents.data.reduce((sum, value) => sum + value, 0) / 72) ** 2,
    );
    // Four pixels, each 3 * 2 sigma away.
    expect((energy.data[7] as number) / (4 * (6 * deviation) ** 2)).toBeCloseTo(1, 3);
    expect(response.shape).toEqual([6, 6, 6, 6]);
    expect((response.data[7 * 36 + 7] as number) / (energy.data[7] as number)).toBeCloseTo(1, 3);
  });

  it("of a decoder with a global path: the share in closed form", async () => {
    const gain = 4;
    const global = codecOf((z) => tf.add(z, tf.mul(gain, tf.mean(z, [1, 2, 3], true))));
    const { leakage } = await influenceMap(global, latentsOf([2, 6, 6, 1]), { reach: 1 });
    const far = (gain / 36) ** 2;
    const all = (1 + gain / 36) ** 2 + 35 * far;
    // Within reach are nine cells in the middle, four in a corner.
    expect(leakage.data[2 * 6 + 2]).toBeCloseTo((27 * far) / all, 3);
    expect(leakage.data[0]).toBeCloseTo((32 * far) / all, 3);
  });

  it("finds a position that rules", async () => {
    const spot = codecOf((z) => {
      const gains = tf.tensor4d(
        Float32Array.from({ length: 36 }, (_, index) => (index === 9 ? 5 : 1)),
        [1, 6, 6, 1],
      );
      return tf.mul(z, gains);
    });
    const { spotScore, energy } = await influenceMap(spot, latentsOf([1, 6, 6, 1]));
    expect(spotScore).toBeCloseTo(25, 1);
    expect(energy.data.indexOf(Math.max(...energy.data))).toBe(9);
  });

  it("group normalisation leaks over the whole picture, normalisation by position does not", async () => {
    const latents = latentsOf([1, 16, 16, 2]);
    const leakage = async (norm: "group" | "rms") => {
      const model = createAutoencoder({
        ...{ downsampling: 2, widths: [4, 4], latentChannels: 2, norm, seed: 1 },
      });
      const { meanLeakage } = await influenceMap(model, latents, { reach: 6, batchSize: 64 });
      model.dispose();
      return meanLeakage;
    };
    expect(await leakage("rms")).toBeLessThan(1e-9); // rounding
    expect(await leakage("group")).toBeGreaterThan(1e-5);
  });

  it("refuses latents of another model", async () => {
    const local = codecOf((z) => z);
    await expect(influenceMap(local, latentsOf([1, 4, 4, 2]))).rejects.toMatchObject({
      code: "ERR_SHAPE_MISMATCH",
    });
    await expect(influenceMap(local, latentsOf([1, 4, 4, 1]), { size: 0 })).rejects.toThrow(/size/);
  });
});

describeOnEveryEngine("the decoder's robustness", () => {
  it("falls with the noise, as far as the noise says", async () => {
    const latents = latentsOf([16, 8, 8, 1]);
    const gentle = codecOf((z) => tf.mul(z, 0.1));
    const originals = { data: new Uint8Array(16 * 16 * 16).fill(127), shape: [16, 16, 16, 1] as const };
    const before = counts();
    const levels = await decoderRobustness(gentle, originals, latents, {
      sizes: [0, 0.5, 1],
      score: ({ shape }) => shape[0],
    });
    expect(counts()).toEqual(before);
    expect(levels.map(({ size, score }) => [size, score])).toEqual([
      [0, 16],
      [0.5, 16],
      [1, 16],
    ]);
    expect(levels[0]?.psnrToUndisturbed).toBe(Number.POSITIVE_INFINITY);
    // Noise of 0.1 sigma in [-1, 1] is 12.75 sigma of 255.
    const wanted = (size: number) => -20 * Math.log10(0.05 * size);
    for (const { size, psnrToUndisturbed } of levels.slice(1))
      expect(Math.abs(psnrToUndisturbed - wanted(size))).toBeLessThan(0.4);
    expect(levels[2]?.psnr).toBeLessThan(levels[0]?.psnr as number);
  });

  it("the Lipschitz constant of a linear decoder is its largest singular value", async () => {
    // Each latent goes to four pixels, so that a gain g has the singular value 2 g; one position has the largest.
    const gains = Float32Array.from({ length: 16 }, (_, index) => (index === 5 ? 3 : 1));
    const linear = codecOf((z) => tf.mul(z, tf.tensor4d(gains, [1, 4, 4, 1])));
    const before = counts();
    const { perPicture, median, max } = await decoderLipschitz(linear, latentsOf([5, 4, 4, 1]), {
      batchSize: 2,
    });
    expect(counts()).toEqual(before);
    expect(perPicture).toHaveLength(5);
    for (const value of [...perPicture, median, max]) expect(value).toBeCloseTo(6, 1);
  });

  it("have floors, as the influence of positions has: of true latents, and of true pictures", async () => {
    const model = createAutoencoder({ imageSize: 16, widths: [4, 4, 4], seed: 1 });
    const truth = pictures(cards({ count: 8, seed: 1, size: 16 }));
    const { mean } = await encodeImages(model, imageSet(truth));
    const leakage = async (some: FloatArray) => (await influenceMap(model, some)).meanLeakage;
    const gain = async (some: FloatArray) => (await decoderLipschitz(model, some)).median;
    const robustness = async (some: typeof truth) => {
      const { mean } = await encodeImages(model, imageSet(some));
      return (await decoderRobustness(model, some, mean, { sizes: [0.5] }))[0]?.psnr as number;
    };
    const floors = [
      [await leakage(mean), await floorOfDifference(leakage, mean, { repeats: 3 })],
      [await gain(mean), await floorOfDifference(gain, mean, { repeats: 3 })],
      [await robustness(truth), await floorOfDifference(robustness, truth, { repeats: 3 })],
    ] as const;
    for (const [whole, { values, samplesPerSide, mean }] of floors) {
      expect(values).toHaveLength(3);
      expect(samplesPerSide).toBe(4);
      expect(mean).toBeGreaterThan(0);
      expect(mean).toBeLessThan(whole);
    }
    model.dispose();
  });

  it("both work with a whole autoencoder", async () => {
    const model = createAutoencoder({ imageSize: 16, widths: [4, 4, 4], seed: 1 });
    const images = cards({ count: 3, seed: 1, size: 16 });
    const { mean } = await encodeImages(model, images);
    const [level] = await decoderRobustness(model, pictures(images), mean, { sizes: [0.2] });
    expect(level?.psnr).toBeGreaterThan(0);
    const { max, median } = await decoderLipschitz(model, mean, { iterations: 3 });
    expect(max).toBeGreaterThanOrEqual(median);
    expect(median).toBeGreaterThan(0);
    await expect(decoderRobustness(model, pictures(images), mean, { sizes: [-1] })).rejects.toThrow(/sizes/);
    await expect(decoderLipschitz(model, mean, { step: 0 })).rejects.toThrow(/step/);
    model.dispose();
  });
});
