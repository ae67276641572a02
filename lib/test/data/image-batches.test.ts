import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { createAutoencoder } from "../../src/autoencoder/index.js";
import { imageBatches } from "../../src/data/batches/image-batches.js";
import { type ImageSource, openImageFolder } from "../../src/data/batches/source.js";
import { cards } from "../../src/data/cards.js";
import { imageFolder } from "../../src/data/image-folder.js";
import type { ImageSet } from "../../src/data/image-set.js";
import { cacheLatents } from "../../src/diffusion/index.js";
import { useEngine } from "../engines.js";

/** Pictures of 4 x 6 x 2 in which every byte tells picture, row, column and channel. */
const byteOf = (picture: number, y: number, x: number, channel: number) =>
  picture * 48 + y * 12 + x * 2 + channel;
const set: ImageSet = {
  count: 5,
  shape: [4, 6, 2],
  pixels: Uint8Array.from({ length: 5 * 48 }, (_, index) => index),
  labels: Uint8Array.of(0, 1, 2, 3, 4),
};
const take = async (batches: ReturnType<typeof imageBatches>, count: number, step = 0) => {
  const taken = [];
  for await (const batch of batches.from(step)) {
    taken.push(batch);
    if (taken.length === count) break;
  }
  return taken;
};

describe("imageBatches", () => {
  it("uses every picture once an epoch, in another order every time, across the borders of batches", async () => {
    const batches = await take(imageBatches(set, { batchSize: 3, seed: 1 }), 50);
    const sequence = batches.flatMap(({ indices }) => [...indices]);
    const orders = new Set<string>();
    for (let epoch = 0; epoch < 30; epoch++) {
      const order = sequence.slice(epoch * 5, epoch * 5 + 5);
      expect([...order].sort()).toEqual([0, 1, 2, 3, 4]);
      orders.add(order.join());
    }
    expect(orders.size).toBeGreaterThan(20); // of 120
    expect(batches.map(({ epoch }) => epoch).slice(0, 5)).toEqual([0, 0, 1, 1, 2]);
    expect(batches.map(({ step }) => step).slice(0, 3)).toEqual([0, 1, 2]);
  });

  it("gives the same batch for the same seed and step: in order, out of order, and resumed", async () => {
    const options = { batchSize: 4, seed: 3, crop: 3, flip: true };
    const sequence = await take(imageBatches(set, options), 12);
    for (const step of [11, 0, 7, 7, 3]) {
      expect(await imageBatches(set, options).batchAt(step)).toEqual(sequence[step]);
    }
    expect(await take(imageBatches(set, { ...options, prefetch: 5 }), 4, 8)).toEqual(sequence.slice(8));
    const other = await take(imageBatches(set, { ...options, seed: 4 }), 12);
    expect(other.map(({ indices }) => indices)).not.toEqual(sequence.map(({ indices }) => indices));
  });

  it("keeps pictures, labels and factors together", async () => {
    const batch = await imageBatches(set, { batchSize: 7 }).batchAt(5);
    expect(batch).toMatchObject({ count: 7, shape: [4, 6, 2] });
    expect([...(batch.labels ?? [])]).toEqual([...batch.indices]);
    for (const [slot, index] of batch.indices.entries()) {
      expect(batch.pixels.slice(slot * 48, slot * 48 + 48)).toEqual(
        set.pixels.slice(index * 48, index * 48 + 48),
      );
    }
    const board = cards({ count: 9, seed: 2 });
    const drawn = await imageBatches(board, { batchSize: 4 }).batchAt(1);
    expect(drawn.factors).toEqual([...drawn.indices].map((index) => board.factors?.[index]));
  });

  it("crops and mirrors pixel by pixel, every place and either side equally often", async () => {
    const places = new Map<string, number>();
    const batches = await take(imageBatches(set, { batchSize: 10, crop: 3, flip: true, seed: 5 }), 120);
    for (const { pixels, indices, shape } of batches) {
      expect(shape).toEqual([3, 3, 2]);
      for (const [slot, picture] of indices.entries()) {
        const at = (y: number, x: number, channel: number) =>
          pixels[slot * 18 + y * 6 + x * 2 + channel] as number;
        const mirrored = at(0, 1, 0) < at(0, 0, 0);
        const corner = (mirrored ? at(0, 2, 0) : at(0, 0, 0)) - picture * 48;
        const [top, left] = [Math.floor(corner / 12), (corner % 12) / 2];
        for (let y = 0; y < 3; y++) {
          for (let x = 0; x < 3; x++) {
            for (const channel of [0, 1]) {
              expect(at(y, mirrored ? 2 - x : x, channel)).toBe(byteOf(picture, top + y, left + x, channel));
            }
          }
        }
        const place = `${top},${left},${mirrored}`;
        places.set(place, (places.get(place) ?? 0) + 1);
      }
    }
    expect(places.size).toBe(2 * 4 * 2); // rows, columns, sides
    for (const count of places.values()) expect(Math.abs(count - 75)).toBeLessThan(4.5 * Math.sqrt(75));
  });

  it("does not change the order or the crops when mirroring is switched on", async () => {
    const [plain, flipped] = await Promise.all(
      [false, true].map((flip) => imageBatches(set, { batchSize: 8, crop: 2, flip, seed: 6 }).batchAt(3)),
    );
    expect(flipped?.indices).toEqual(plain?.indices);
    const sorted = (pixels?: Uint8Array) =>
      Array.from({ length: 8 }, (_, slot) => [...(pixels ?? []).slice(slot * 8, slot * 8 + 8)].sort());
    expect(sorted(flipped?.pixels)).toEqual(sorted(plain?.pixels));
    expect(flipped?.pixels).not.toEqual(plain?.pixels);
  });

  it("refuses options out of range, pictures that are not there, and too large crops", async () => {
    for (const options of [{ batchSize: 0 }, { prefetch: 0 }, { seed: -1 }, { crop: 0 }, { crop: 5 }]) {
      expect(() => imageBatches(set, options)).toThrow(expect.objectContaining({ name: "ConfigError" }));
    }
    expect(() => imageBatches({ ...set, count: 0 })).toThrow(/no pictures/);
    expect(() => imageBatches({ ...set, count: 6 })).toThrow(/288 bytes; these have 240/);
    await expect(imageBatches(set).batchAt(-1)).rejects.toThrow(/step/);
    await expect(imageBatches({ ...set, labels: Uint8Array.of(1) }).batchAt(0)).rejects.toThrow(/1 labels/);
  });
});

describe("the prefetching of imageBatches", () => {
  /** A slow source that records what it is asked for. */
  function slowSource(delayMs: number) {
    const asked: number[] = [];
    const source: ImageSource = {
      count: 1000,
      shape: [1, 1, 1],
      read: async (index) => {
        asked.push(index);
        await sleep(delayMs);
        return Uint8Array.of(index % 256);
      },
    };
    return { source, asked };
  }

  it("reads while the last batch is in use: the time of reading is hidden", async () => {
    const { source } = slowSource(40);
    const startedAtMs = performance.now();
    let steps = 0;
    for await (const _batch of imageBatches(source, { batchSize: 2, prefetch: 2 }).from()) {
      await sleep(40);
      if (++steps === 10) break;
    }
    // 440 ms with perfect overlap, 800 ms one after the other.
    expect(performance.now() - startedAtMs).toBeLessThan(680);
  });

  it("is bounded: no more batches ahead than asked for, and none any more after the loop has been left", async () => {
    const { source, asked } = slowSource(1);
    const generator = imageBatches(source, { batchSize: 2, prefetch: 3 }).from();
    await generator.next();
    await sleep(30);
    expect(asked.length).toBe(2 * 4); // the one in use and three ahead
    await generator.next();
    await sleep(30);
    expect(asked.length).toBe(2 * 5);
    await generator.return();
    await sleep(30);
    expect(asked.length).toBe(2 * 5);
  });

  it("reports an error when its batch's turn has come, and not before", async () => {
    const source: ImageSource = {
      count: 100,
      shape: [1, 1, 1],
      read: (index) => {
        if (index === poisoned) throw new Error("this one");
        return Uint8Array.of(1);
      },
    };
    let poisoned = -1;
    const order = await take(imageBatches(source, { batchSize: 1 }), 3);
    poisoned = order[2]?.indices[0] as number;
    const generator = imageBatches(source, { batchSize: 1, prefetch: 4 }).from();
    for (const step of [0, 1]) expect((await generator.next()).value).toMatchObject({ step });
    await expect(generator.next()).rejects.toThrow("this one");
  });

  it("leaves no rejection unhandled of a batch that nobody asks for any more", async () => {
    const unhandled: unknown[] = [];
    const listen = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", listen);
    const source: ImageSource = {
      count: 1,
      shape: [1, 1, 1],
      read: () => Promise.reject(new Error("nothing can be read")),
    };
    const generator = imageBatches(source, { batchSize: 1, prefetch: 3 }).from();
    await expect(generator.next()).rejects.toThrow("nothing can be read");
    await sleep(20);
    process.off("unhandledRejection", listen);
    expect(unhandled).toEqual([]);
  });

  it("ends with the signal's reason, also while it waits", async () => {
    const { source } = slowSource(100);
    const controller = new AbortController();
    const generator = imageBatches(source).from(0, { signal: controller.signal });
    const waiting = generator.next();
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    expect(await generator.next()).toEqual({ value: undefined, done: true });
  });
});

describe("openImageFolder", () => {
  it("decodes on demand what imageFolder decodes at once, and names a broken file when it is needed", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "latentlab-source-"));
    for (let shade = 0; shade < 6; shade++) {
      const create = { width: 9, height: 7, channels: 3 as const, background: { r: 40 * shade, g: 0, b: 0 } };
      await writeFile(path.join(folder, `${shade}.png`), await sharp({ create }).png().toBuffer());
    }
    const options = { batchSize: 4, seed: 2, flip: true };
    const inMemory = imageBatches(await imageFolder(folder, { size: 8, crop: "random" }), options);
    const onDemand = imageBatches(await openImageFolder(folder, { size: 8, crop: "random" }), options);
    for (const step of [0, 5]) expect(await onDemand.batchAt(step)).toEqual(await inMemory.batchAt(step));
    await useEngine("wasm");
    const model = createAutoencoder({ imageSize: 8, widths: [4, 4, 4], seed: 1 });
    const [latents, onDisk] = await Promise.all([
      cacheLatents(model, await imageFolder(folder, { size: 8 })),
      cacheLatents(model, await openImageFolder(folder, { size: 8 }), { batchSize: 4 }),
    ]);
    expect(onDisk.mean).toEqual(latents.mean);
    model.dispose();
    const broken = path.join(folder, "3.png");
    await writeFile(broken, "no picture");
    await expect(Promise.all([0, 1].map((step) => onDemand.batchAt(step)))).rejects.toMatchObject({
      code: "ERR_IMAGE_BROKEN",
      file: broken,
    });
    await rm(folder, { recursive: true });
    await expect(openImageFolder(folder)).rejects.toMatchObject({ code: "ERR_FOLDER_NOT_FOUND" });
  });
});
