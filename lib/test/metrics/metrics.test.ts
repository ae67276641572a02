import { describe, expect, it } from "vitest";
import { createRandom, latentStatistics, type Pictures, psnr, psnrPerPicture } from "../../src/index.js";

describe("psnr", () => {
  const grey = (values: number[]): Pictures => ({ data: Uint8Array.from(values), shape: [2, 1, 2, 1] });

  it("is 10 log10(255^2 / mean squared error)", () => {
    // Squared errors 25, 25, 9, 1: mean 15.
    expect(psnr(grey([10, 20, 30, 40]), grey([15, 15, 33, 41]))).toBeCloseTo(10 * Math.log10(65025 / 15), 10);
    expect(psnrPerPicture(grey([10, 20, 30, 40]), grey([15, 15, 33, 41]))).toEqual([
      10 * Math.log10(65025 / 25),
      10 * Math.log10(65025 / 5),
    ]);
  });

  it("is 0 dB for black against white and infinite for equal pictures", () => {
    expect(psnr(grey([0, 0, 0, 0]), grey([255, 255, 255, 255]))).toBeCloseTo(0, 10);
    expect(psnr(grey([1, 2, 3, 4]), grey([1, 2, 3, 4]))).toBe(Number.POSITIVE_INFINITY);
  });

  it("refuses pictures of different shapes", () => {
    const other: Pictures = { data: new Uint8Array(4), shape: [1, 2, 2, 1] };
    expect(() => psnr(grey([0, 0, 0, 0]), other)).toThrow(
      expect.objectContaining({ code: "ERR_SHAPE_MISMATCH" }),
    );
  });

  it.each([
    ["psnr", psnr],
    ["psnrPerPicture", psnrPerPicture],
  ] as const)("%s refuses to compare nothing", (_name, measure) => {
    const none: Pictures = { data: new Uint8Array(0), shape: [0, 1, 2, 1] };
    const empty: Pictures = { data: new Uint8Array(0), shape: [2, 0, 2, 1] };
    for (const pictures of [none, empty]) {
      expect(() => measure(pictures, pictures)).toThrow(
        expect.objectContaining({
          name: "DataError",
          code: "ERR_SHAPE_MISMATCH",
          message: expect.stringContaining("at least one picture"),
        }),
      );
    }
  });

  it.each([
    ["psnr", psnr],
    ["psnrPerPicture", psnrPerPicture],
  ] as const)("%s refuses data that do not fit their shape", (_name, measure) => {
    const whole = grey([1, 2, 3, 4]);
    const short: Pictures = { data: new Uint8Array(3), shape: whole.shape };
    for (const [original, reconstruction] of [
      [whole, short],
      [short, whole],
    ] as const) {
      expect(() => measure(original, reconstruction)).toThrow(
        expect.objectContaining({
          code: "ERR_SHAPE_MISMATCH",
          message: expect.stringMatching(/need 4 values/),
        }),
      );
    }
  });
});

describe("latentStatistics", () => {
  it("gives known numbers for a known array", () => {
    // Channel 0: -2, 0, 0, 2. Channel 1: 1, 1, 1, 5.
    const data = Float32Array.of(-2, 1, 0, 1, 0, 1, 2, 5);
    const { channels, flattened, valuesPerChannel } = latentStatistics(
      { data, shape: [1, 2, 2, 2] },
      { binWidth: 1 },
    );
    expect(valuesPerChannel).toBe(4);
    const [first, second] = channels;
    expect(first).toMatchObject({ mean: 0, outside: 0.5, skewness: 0, kurtosis: 2 });
    expect(first?.std).toBeCloseTo(Math.sqrt(8 / 3), 6);
    expect(first?.scaleFactor).toBeCloseTo(Math.sqrt(3 / 8), 6);
    expect(second).toMatchObject({ mean: 2, outside: 0.25 }); // 1 itself lies inside
    expect(second?.std).toBeCloseTo(2, 6);
    expect(flattened.mean).toBeCloseTo(1, 6);
    expect(flattened.std).toBeCloseTo(Math.sqrt(28 / 7), 6);
    expect(flattened.scaleFactor).toBeCloseTo(0.5, 6);
  });

  it("counts every value once, in bins whose edges hold it", () => {
    const data = createRandom(1)
      .fillNormal(new Float32Array(3000).fill(0))
      .map((value) => value * 3);
    data[0] = 11.999;
    data[1] = -12;
    const { channels, edges, binWidth } = latentStatistics({ data, shape: [1000, 3] });
    expect(binWidth).toBe(0.05);
    expect(edges[0]).toBeCloseTo(-(edges.at(-1) as number), 10);
    for (const [channel, { counts }] of channels.entries()) {
      expect(counts).toHaveLength(edges.length - 1);
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1000);
      const values = data.filter((_, index) => index % 3 === channel);
      const bin = counts.findIndex((count) => count > 0);
      const smallest = Math.min(...values);
      expect(edges[bin]).toBeLessThanOrEqual(smallest);
      expect(edges[bin + 1]).toBeGreaterThan(smallest);
    }
  });

  it("finds what a normal distribution has", () => {
    const data = createRandom(2).fillNormal(new Float32Array(200_000));
    const { channels, edges } = latentStatistics({ data, shape: [50_000, 4] });
    for (const { mean, std, outside, skewness, kurtosis } of channels) {
      expect(mean).toBeCloseTo(0, 1);
      expect(std).toBeCloseTo(1, 1);
      expect(outside).toBeCloseTo(0.3173, 1);
      expect(skewness).toBeCloseTo(0, 1);
      expect(kurtosis).toBeCloseTo(3, 0);
    }
    expect(edges[0]).toBeLessThanOrEqual(-4);
  });

  it("widens the bins instead of making millions of them", () => {
    const { edges, binWidth } = latentStatistics({ data: Float32Array.of(-1e6, 0, 3, 1e6), shape: [4, 1] });
    expect(edges.length).toBeLessThan(2010);
    expect(binWidth).toBeGreaterThan(1000);
  });

  it("gives constant channels no spread, an infinite factor and no shape, and others theirs", () => {
    // 0.1 is no binary fraction: sums in single precision would be rounded, and the variance not 0.
    const data = Float32Array.from({ length: 2000 }, (_, index) => (index % 2 === 0 ? 0.1 : index % 4));
    const { channels, edges, flattened } = latentStatistics({ data, shape: [1000, 2] });
    expect(channels[0]).toMatchObject({
      mean: Math.fround(0.1),
      std: 0,
      scaleFactor: Number.POSITIVE_INFINITY,
      outside: 0,
      skewness: Number.NaN,
      kurtosis: Number.NaN,
    });
    expect(channels[0]?.counts.filter((count) => count > 0)).toEqual([1000]);
    expect(channels[0]?.counts).toHaveLength(edges.length - 1);
    expect(channels[1]).toMatchObject({ mean: 2, outside: 0.5, kurtosis: 1 }); // 1 and 3 by turns
    expect(channels[1]?.scaleFactor).toBeCloseTo(Math.sqrt(999 / 1000), 10);
    expect(flattened.scaleFactor).toBeLessThan(2);
    expect(latentStatistics({ data: new Float32Array(8), shape: [4, 2] }).flattened.scaleFactor).toBe(
      Number.POSITIVE_INFINITY,
    );
  });

  it("counts the values that are not finite, and says what to do", () => {
    const data = new Float32Array(12);
    data.set([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], 4);
    expect(() => latentStatistics({ data, shape: [6, 2] })).toThrow(
      expect.objectContaining({
        name: "DataError",
        code: "ERR_NOT_FINITE",
        message: expect.stringMatching(/^3 of 12 latents are NaN or infinite\. .*learningRate/),
      }),
    );
    const largest = 3.4028234663852886e38; // of the numbers that a Float32Array holds
    const { edges } = latentStatistics({ data: Float32Array.of(-largest, largest), shape: [2, 1] });
    expect(edges.every(Number.isFinite)).toBe(true);
  });

  it("refuses arrays that do not fit their shape", () => {
    expect(() => latentStatistics({ data: new Float32Array(6), shape: [2, 2] })).toThrow(
      expect.objectContaining({ code: "ERR_SHAPE_MISMATCH" }),
    );
    expect(() => latentStatistics({ data: new Float32Array(2), shape: [1, 2] })).toThrow(
      /at least two values/,
    );
  });
});
