import { beforeAll, describe, expect, it } from "vitest";
import { toPixels } from "../../src/data/image-set.js";
import {
  cards,
  DataError,
  engine,
  imageSet,
  pictures,
  selectImages,
  splitImages,
  toPictures,
  toTensor,
} from "../../src/index.js";

const set = cards({ count: 20, size: 18, seed: 1 });

describe("splitImages", () => {
  it("divides the set without losing or doubling a picture, the same way for the same seed", () => {
    const { train, validation } = splitImages(set, { validation: 0.25, seed: 3 });
    expect([train.count, validation.count]).toEqual([15, 5]);
    const hues = (part: typeof set) => part.factors?.map(({ hueA }) => hueA) ?? [];
    expect([...hues(train), ...hues(validation)].sort()).toEqual(hues(set).sort());
    expect(splitImages(set, { validation: 0.25, seed: 3 })).toEqual({ train, validation });
    expect(hues(splitImages(set, { validation: 0.25, seed: 4 }).validation)).not.toEqual(hues(validation));
  });

  it("keeps pixels and factors together", () => {
    const { validation } = splitImages(set, { validation: 0.25, seed: 3 });
    const size = 18 * 18 * 3;
    for (const [position, factors] of (validation.factors ?? []).entries()) {
      const index = set.factors?.findIndex(({ hueA }) => hueA === factors.hueA) ?? -1;
      expect(validation.pixels.slice(position * size, (position + 1) * size)).toEqual(
        set.pixels.slice(index * size, (index + 1) * size),
      );
    }
  });

  it("leaves at least one picture on each side, and refuses what cannot be divided", () => {
    expect(splitImages(set, { validation: 0.001 }).validation.count).toBe(1);
    expect(splitImages(set, { validation: 0.999 }).train.count).toBe(1);
    expect(() => splitImages(selectImages(set, [0]))).toThrow(DataError);
    expect(() => splitImages(set, { validation: 1 })).toThrow(/validation/);
  });
});

describe("toTensor", () => {
  beforeAll(async () => {
    await engine.use("wasm");
  });

  it("maps 0..255 to [-1, 1], and toPixels back without loss", () => {
    const tensor = toTensor(set, [3, 1]);
    expect(tensor.shape).toEqual([2, 18, 18, 3]);
    const values = tensor.dataSync() as Float32Array;
    expect(toPixels(values)).toEqual(pictures(set, [3, 1]).data);
    tensor.dispose();
    const ramp = {
      count: 1,
      shape: [16, 16, 1] as [number, number, number],
      pixels: Uint8Array.from({ length: 256 }, (_, value) => value),
    };
    const rampTensor = toTensor(ramp);
    const rampValues = rampTensor.dataSync() as Float32Array;
    expect([rampValues[0], rampValues[255]]).toEqual([-1, 1]);
    expect(toPixels(rampValues)).toEqual(ramp.pixels);
    rampTensor.dispose();
  });

  it("names a picture that does not exist", () => {
    expect(() => toTensor(set, [20])).toThrow(expect.objectContaining({ code: "ERR_INDEX_OUT_OF_RANGE" }));
    expect(() => pictures(set, [-1])).toThrow(/no picture -1/);
  });
});

describe("toPixels", () => {
  it("rounds and clamps", () => {
    expect([...toPixels(Float32Array.of(-2, -1, 0.001, 1, 7))]).toEqual([0, 0, 128, 255, 255]);
  });
});

describe("toPictures", () => {
  it("is the way back from toTensor", async () => {
    await engine.use("wasm");
    const tensor = toTensor(set, [3, 1]);
    const floats = { data: tensor.dataSync() as Float32Array, shape: tensor.shape };
    expect(toPictures(floats)).toEqual(pictures(set, [3, 1]));
    tensor.dispose();
  });

  it("refuses what are no pictures", () => {
    const data = new Float32Array(12);
    expect(() => toPictures({ data, shape: [2, 2, 3] })).toThrow(
      expect.objectContaining({ code: "ERR_SHAPE_MISMATCH" }),
    );
    expect(() => toPictures({ data, shape: [2, 2, 2, 3] })).toThrow(
      expect.objectContaining({ code: "ERR_SHAPE_MISMATCH" }),
    );
    expect(() => toPictures({ data: data.fill(Number.NaN), shape: [1, 2, 2, 3] })).toThrow(
      expect.objectContaining({ code: "ERR_NOT_FINITE" }),
    );
  });
});

describe("pictures", () => {
  it("are a copy", () => {
    const copy = pictures(set);
    copy.data.fill(0);
    expect(set.pixels.some((value) => value > 0)).toBe(true);
    expect(copy.shape).toEqual([20, 18, 18, 3]);
  });
});

describe("imageSet", () => {
  it("is the way back from pictures", () => {
    const { count, shape, pixels } = set;
    expect(imageSet(pictures(set))).toEqual({ count, shape, pixels });
  });

  it("refuses what has too few bytes", () => {
    expect(() => imageSet({ data: new Uint8Array(11), shape: [1, 2, 2, 3] })).toThrow(
      expect.objectContaining({ code: "ERR_SHAPE_MISMATCH" }),
    );
  });
});
