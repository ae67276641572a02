import { setImmediate as nextTurn } from "node:timers/promises";
import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import {
  type Codec,
  createAutoencoder,
  createAutoencoderKL,
  decodeLatents,
  drawLatents,
  encodeImages,
  kl,
  latentShape,
  reconstruct,
} from "../../src/autoencoder/index.js";
import { cards, DataError, engine, fit } from "../../src/index.js";
import { describeOnEveryEngine } from "../engines.js";

const models: [string, () => Codec & { dispose(): void }][] = [
  ["createAutoencoder", () => createAutoencoder({ imageSize: 16, widths: [4, 4, 4] })],
  [
    "createAutoencoder with a bottleneck",
    () => createAutoencoder({ imageSize: 16, widths: [4, 4, 4], bottleneck: [kl({ weight: 1e-3 })] }),
  ],
  [
    "createAutoencoderKL",
    () => createAutoencoderKL({ blockOutChannels: [4, 4, 4], normNumGroups: 2, layersPerBlock: 1 }),
  ],
];

describeOnEveryEngine("what trains and measures autoencoders takes every kind", () => {
  it.each(models)("%s", async (_, create) => {
    const model = create();
    const images = cards({ count: 6, seed: 1, size: 16 });
    // A first pass: torch makes the tensors of constant parameters when they are needed.
    await reconstruct(model, images);
    const before = [tf.memory().numTensors, engine.memory().tensors];
    const { mean, sigma } = await encodeImages(model, images, { batchSize: 4 });
    expect(latentShape(model, images.shape)).toEqual([4, 4, 4]);
    expect([mean.shape, sigma.shape]).toEqual([
      [6, 4, 4, 4],
      [6, 4, 4, 4],
    ]);
    expect(Math.min(...sigma.data)).toBeGreaterThan(0);
    const decoded = await decodeLatents(model, mean);
    expect(decoded.shape).toEqual([6, 16, 16, 3]);
    expect(await reconstruct(model, images, { batchSize: 4 })).toEqual(decoded);
    // From a source the same latents, and never more pictures read than a batch has.
    let [most, inUse] = [0, 0];
    const read = async (index: number) => {
      most = Math.max(most, ++inUse);
      await nextTurn();
      inUse -= 1;
      return images.pixels.subarray(index * 768, (index + 1) * 768);
    };
    const source = { count: 6, shape: images.shape, read };
    expect(await encodeImages(model, source, { batchSize: 4 })).toEqual({ mean, sigma });
    expect(most).toBeLessThanOrEqual(4);
    const torn = { ...source, read: () => new Uint8Array(700) };
    await expect(encodeImages(model, torn)).rejects.toThrow(/Picture 0 .* 700 bytes/);
    await expect(encodeImages(model, { ...source, count: 0 })).rejects.toThrow(DataError);
    const drawn = await drawLatents(model, images, { seed: 1 });
    expect(await drawLatents(model, source, { seed: 1 })).toEqual(drawn);
    const offsets = drawn.data.map(
      (value, index) => (value - (mean.data[index] as number)) / (sigma.data[index] as number),
    );
    const meanSquare = offsets.reduce((sum, offset) => sum + offset ** 2, 0) / offsets.length;
    expect(Math.abs(meanSquare - 1)).toBeLessThan(0.25);
    await expect(encodeImages(model, cards({ count: 1, size: 18 }))).rejects.toThrow(DataError);
    await expect(decodeLatents(model, { ...mean, shape: [6, 4, 8, 2] })).rejects.toThrow(DataError);
    expect([tf.memory().numTensors, engine.memory().tensors]).toEqual(before);

    const losses: number[] = [];
    for await (const { loss } of fit(model, images, {
      steps: 15,
      ...(model.bottleneck ? {} : { klWeight: 1e-3 }),
      batchSize: 4,
      learningRate: 3e-3,
    }))
      losses.push(loss);
    expect(losses.at(-1)).toBeLessThan(losses[0] as number);
    model.dispose();
  });
});
