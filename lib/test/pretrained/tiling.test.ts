import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  type AutoencoderKL,
  createAutoencoderKL,
  decodeTiled,
  encodeTiled,
} from "../../src/autoencoder/kl/index.js";
import { mapTiles, tileGrids } from "../../src/autoencoder/kl/tiling.js";
import { engine } from "../../src/index.js";

let model: AutoencoderKL;

beforeAll(async () => {
  await engine.use("wasm");
  model = createAutoencoderKL({ blockOutChannels: [4, 4, 4], normNumGroups: 2, sampleSize: 32 });
});
afterAll(() => model.dispose());

it("cuts like diffusers at SD's size", () => {
  const sd1 = { config: { sampleSize: 512 }, downsampling: 8 } as AutoencoderKL;
  expect(tileGrids(sd1, {})).toEqual({
    encode: { size: 512, step: 384, keep: 48, blend: 16 },
    decode: { size: 64, step: 48, keep: 384, blend: 128 },
  });
});

it.each([
  [{ tileSize: 30 }, /tileSize/],
  [{ tileSize: 0 }, /tileSize/],
  [{ tileSize: Number.NaN }, /tileSize/],
  [{ overlap: 0.6 }, /overlap/],
  [{ overlap: -0.1 }, /overlap/],
  [{ overlap: 0.3 }, /overlap/],
  [{ overlap: Number.NaN }, /overlap/],
])("refuses %j", (options, message) => {
  expect(() => tileGrids(model, options)).toThrow(message);
});

it("puts tiles of any number together without seams where they agree", async () => {
  const identity = { size: 8, step: 6, keep: 6, blend: 2 };
  for (const [height, width] of [
    [8, 8],
    [9, 8],
    [5, 30],
    [31, 13],
    [20, 21],
  ] as const) {
    const values = Float32Array.from({ length: height * width * 2 }, (_, index) => Math.sin(index));
    const cut = (top: number, left: number, rows: number, columns: number) =>
      Float32Array.from({ length: rows * columns * 2 }, (_, index) => {
        const [y, x] = [Math.floor(index / (2 * columns)), Math.floor(index / 2) % columns];
        return values[((top + y) * width + left + x) * 2 + (index % 2)] as number;
      });
    const result = await mapTiles([height, width, 2], cut, identity, (tile) => tf.clone(tile));
    expect(result.shape).toEqual([height, width, 2]);
    for (const [index, value] of values.entries()) expect(result.data[index]).toBeCloseTo(value, 6);
  }
});

it("passes over from one tile to the next linearly", async () => {
  const grid = { size: 8, step: 4, keep: 4, blend: 4 };
  let tiles = 0;
  const result = await mapTiles(
    [1, 12, 1],
    (_t, _l, h, w) => new Float32Array(h * w),
    grid,
    (tile) => tf.fill(tile.shape, tiles++),
  );
  expect([...result.data]).toEqual([0, 0, 0, 0, 0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75]);
});

it("encodes and decodes pictures no larger than a tile whole, in a batch like one by one", async () => {
  const random = (count: number) => Uint8Array.from({ length: count }, (_, index) => (index * 7919) % 256);
  const pictures = { data: random(2 * 20 * 32 * 3), shape: [2, 20, 32, 3] as const };
  const { mean, sigma } = await encodeTiled(model, pictures);
  expect(mean.shape).toEqual([2, 5, 8, 4]);
  const whole = tf.tidy(() => {
    const values = Float32Array.from(pictures.data, (value) => value / 127.5 - 1);
    const posterior = model.encode(tf.tensor4d(values, [2, 20, 32, 3]));
    return { mean: posterior.mean.dataSync(), sigma: tf.exp(tf.mul(posterior.logvar, 0.5)).dataSync() };
  });
  for (let index = 0; index < mean.data.length; index++) {
    expect(mean.data[index]).toBeCloseTo(whole.mean[index] as number, 5);
    expect(sigma.data[index]).toBeCloseTo(whole.sigma[index] as number, 5);
  }
  const decoded = await decodeTiled(model, mean);
  expect(decoded.shape).toEqual([2, 20, 32, 3]);
  expect(decoded.data).toBeInstanceOf(Uint8Array);
});

it("bounds what the engine holds by the size of a tile", async () => {
  let peak = 0;
  const spied = {
    ...model,
    encodeMoments: (tile: tf.Tensor4D) => {
      peak = Math.max(peak, tile.shape[1] * tile.shape[2]);
      return model.encodeMoments(tile);
    },
  };
  const before = tf.memory().numTensors;
  const pictures = { data: new Uint8Array(150 * 100 * 3).fill(100), shape: [1, 150, 100, 3] as const };
  const { mean } = await encodeTiled(spied, pictures);
  expect(mean.shape).toEqual([1, 37, 25, 4]);
  expect(peak).toBe(32 * 32);
  expect(tf.memory().numTensors).toBe(before);
});

it("refuses pictures and latents of another shape", async () => {
  for (const shape of [
    [1, 8, 8, 4],
    [1, 8, 8, 3, 1],
    [0, 8, 8, 3],
    [1, 2, 8, 3],
  ]) {
    const size = shape.reduce((product, length) => product * length, 1);
    const pictures = { data: new Uint8Array(size), shape: shape as [number, number, number, number] };
    await expect(encodeTiled(model, pictures), String(shape)).rejects.toMatchObject({
      code: "ERR_SHAPE_MISMATCH",
    });
  }
  const latents = { data: new Float32Array(10), shape: [1, 8, 8, 4] };
  await expect(decodeTiled(model, latents)).rejects.toMatchObject({ code: "ERR_SHAPE_MISMATCH" });
});
