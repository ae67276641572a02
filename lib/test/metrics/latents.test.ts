import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FloatArray } from "../../src/data/image-set.js";
import {
  channelCovariance,
  effectiveDimension,
  floorOfDifference,
  latentStatistics,
  powerSpectrum,
  spatialAutocorrelation,
  velocityIrreducibleVariance,
} from "../../src/metrics/index.js";
import { cosineTransform } from "../../src/metrics/power-spectrum.js";
import { createRandom } from "../../src/random.js";
import { fixtures, floats } from "./fixtures.js";

const normal = (shape: number[], seed: number): FloatArray => {
  const size = shape.reduce((product, length) => product * length, 1);
  return { data: createRandom(seed).fillNormal(new Float32Array(size)), shape };
};

const broken = { data: new Float32Array(32).fill(Number.NaN), shape: [1, 4, 4, 2] };
const notFinite = expect.objectContaining({ name: "DataError", code: "ERR_NOT_FINITE" });

describe("latentStatistics", () => {
  it("has scipy's moments", () => {
    const { channels } = latentStatistics(floats(41, [500, 1], (value) => value ** 3));
    const { std, skewness, kurtosis } = fixtures.moments;
    expect(channels[0]?.std).toBeCloseTo(std, 6);
    expect(channels[0]?.skewness).toBeCloseTo(skewness, 6);
    expect(channels[0]?.kurtosis).toBeCloseTo(kurtosis, 5);
  });
});

describe("the floor of", () => {
  const latents = normal([64, 6, 6, 3], 1);
  // Twice as large, each like its neighbour to the right: far from white in every respect.
  const other = {
    ...latents,
    data: latents.data.map((value, index) => value + (latents.data[index + 3] ?? 0)),
  };
  it.each<[string, (some: FloatArray) => number]>([
    ["latentStatistics", (some) => latentStatistics(some).flattened.std],
    ["effectiveDimension", effectiveDimension],
    ["powerSpectrum", (some) => powerSpectrum(some).slope],
    ["spatialAutocorrelation", (some) => spatialAutocorrelation(some).mean[0] as number],
    ["velocityIrreducibleVariance", (some) => velocityIrreducibleVariance(some).mean],
  ])("%s is what halves differ by, less than other latents do", (_, metric) => {
    const { mean, std, samplesPerSide } = floorOfDifference(metric, latents);
    expect(samplesPerSide).toBe(32);
    expect(mean).toBeGreaterThan(0);
    expect(Math.abs(metric(other) - metric(latents))).toBeGreaterThan(mean + 2 * std);
  });
});

describe("effectiveDimension", () => {
  it("is the participation ratio of the true covariance, without the bias of the sample's", () => {
    // Variances 4, 1, 1, 0: (4 + 1 + 1)^2 / (16 + 1 + 1) = 2.
    const { data } = normal([4000, 4], 1);
    const scaled = data.map((value, index) => value * ([2, 1, 1, 0][index % 4] as number));
    expect(effectiveDimension({ data: scaled, shape: [4000, 4] })).toBeCloseTo(2, 1);
    // White noise of 60 dimensions from 60 samples: the plain ratio would be about 30.
    const ratios = Array.from({ length: 40 }, (_, seed) => {
      const { data } = normal([60, 30], seed);
      // Two groups of variances 1 and 1/9: (20 + 10 / 9)^2 / (20 + 10 / 81) = 22.14.
      return effectiveDimension({
        data: data.map((value, index) => (index % 3 === 0 ? value / 3 : value)),
        shape: [60, 30],
      });
    });
    const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
    expect(Math.abs(mean - 22.14)).toBeLessThan(0.5);
    expect(effectiveDimension(normal([60, 60], 3))).toBeGreaterThan(50);
  });

  it("does not assume normal values", () => {
    const random = createRandom(4);
    const exponential = Float32Array.from({ length: 3000 * 12 }, () => -Math.log(1 - random.uniform()));
    expect(Math.abs(effectiveDimension({ data: exponential, shape: [3000, 12] }) - 12)).toBeLessThan(0.2);
  });

  it("is 1 for a line, does not depend on scale and shift, nor on the side it is calculated from", () => {
    const line = Float32Array.from({ length: 200 }, (_, index) => Math.floor(index / 4) * ((index % 4) + 1));
    expect(effectiveDimension({ data: line, shape: [50, 4] })).toBeCloseTo(1, 1);
    const { data } = normal([20, 6], 5);
    const ratio = effectiveDimension({ data, shape: [20, 6] });
    const scales = fc.double({ min: 0.1, max: 100, noNaN: true });
    fc.assert(
      fc.property(scales, fc.double({ min: -10, max: 10, noNaN: true }), (scale, shift) => {
        expect(
          effectiveDimension({ data: data.map((value) => scale * value + shift), shape: [20, 6] }),
        ).toBeCloseTo(ratio, 2);
      }),
      { seed: 1, numRuns: 20 },
    );
    // Zeros add dimensions beyond the count of samples, and no direction.
    const wide = new Float32Array(20 * 30);
    for (let row = 0; row < 20; row++) wide.set(data.subarray(row * 6, row * 6 + 6), row * 30);
    expect(effectiveDimension({ data: wide, shape: [20, 5, 6] })).toBeCloseTo(ratio, 8);
  });

  it("has none where all samples are equal, and needs four", () => {
    expect(effectiveDimension({ data: new Float32Array(8).fill(0.1), shape: [4, 2] })).toBeNaN();
    expect(() => effectiveDimension(normal([3, 2], 1))).toThrow(/samples: 3 given, at least 4/);
    expect(() => effectiveDimension(broken)).toThrow(notFinite);
  });
});

describe("channelCovariance", () => {
  it("has the covariance of channels that were mixed", () => {
    const { data } = normal([50, 8, 8, 2], 6);
    const mixed = data.map((value, index) =>
      index % 2 === 0 ? 2 * value : value + (data[index - 1] as number),
    );
    const { covariance, correlation, effectiveChannels } = channelCovariance({
      data: mixed,
      shape: [50, 8, 8, 2],
    });
    // Channel 0: 2 a; channel 1: b + a.
    for (const [row, expected] of [
      [4, 2],
      [2, 2],
    ].entries()) {
      for (const [column, value] of expected.entries())
        expect(Math.abs((covariance[row]?.[column] as number) - value)).toBeLessThan(0.25);
    }
    expect(correlation[0]?.[0]).toBeCloseTo(1, 12);
    expect(Math.abs((correlation[0]?.[1] as number) - Math.SQRT1_2)).toBeLessThan(0.05);
    expect(Math.abs(effectiveChannels - 36 / 28)).toBeLessThan(0.05); // trace^2 / trace of the square
  });

  it("leaves constant channels without a correlation", () => {
    const data = normal([10, 2], 1).data.map((value, index) => (index % 2 === 0 ? 3 : value));
    const { covariance, correlation } = channelCovariance({ data, shape: [10, 2] });
    expect(covariance[0]).toEqual([0, 0]);
    expect(correlation[0]?.[1]).toBeNaN();
    expect(correlation[1]?.[1]).toBeCloseTo(1, 12);
  });
});

describe("powerSpectrum", () => {
  it("uses scipy's orthonormal cosine transform", () => {
    const plane = Float64Array.from(floats(61, [5, 7]).data);
    for (const [index, value] of cosineTransform(plane, 5, 7).entries()) {
      expect(value).toBeCloseTo(fixtures.cosineTransform[index] as number, 12);
    }
  });

  it("is flat for white noise", () => {
    const { power, slope, frequencies } = powerSpectrum(normal([300, 8, 8, 3], 7));
    expect(frequencies).toEqual([1, 2, 3, 4, 5, 6, 7].map((ring) => ring / 16));
    for (const value of power) expect(Math.abs(value - 1)).toBeLessThan(0.1);
    expect(Math.abs(slope)).toBeLessThan(0.05);
  });

  it.each([-1, -2, -3])("finds the slope %f that a field was made with", (slope) => {
    const size = 16;
    const random = createRandom(8);
    const data = new Float32Array(60 * size * size);
    for (let picture = 0; picture < 60; picture++) {
      const coefficients = Float64Array.from({ length: size * size }, (_, place) => {
        const radius = Math.hypot(Math.floor(place / size), place % size);
        return radius === 0 ? 5 : random.normal() * radius ** (slope / 2);
      });
      data.set(inverseCosineTransform(coefficients, size), picture * size * size);
    }
    const result = powerSpectrum({ data, shape: [60, size, size, 1] });
    expect(Math.abs(result.slope - slope)).toBeLessThan(0.12);
    expect(result.slopePerChannel[0]).toBeCloseTo(result.slope, 10);
  });

  it("does not depend on scale and shift, and leaves constant channels out", () => {
    const { data } = normal([20, 4, 6, 1], 9);
    const alone = powerSpectrum({ data, shape: [20, 4, 6, 1] });
    const two = Float32Array.from({ length: 2 * data.length }, (_, index) =>
      index % 2 === 0 ? 7 : 10 * (data[Math.floor(index / 2)] as number) - 3,
    );
    const beside = powerSpectrum({ data: two, shape: [20, 4, 6, 2] });
    for (const [ring, value] of beside.power.entries())
      expect(value).toBeCloseTo(alone.power[ring] as number, 5);
    expect(beside.slope).toBeCloseTo(alone.slope, 5);
    expect(beside.slopePerChannel[0]).toBeNaN();
  });

  it("says what is missing", () => {
    expect(() => powerSpectrum(normal([5, 2, 2, 3], 1))).toThrow(/longer side: 2 given, at least 3/);
    expect(() => powerSpectrum(normal([5, 8], 1))).toThrow(/\[count, height, width, channels\]/);
    expect(() => powerSpectrum(broken)).toThrow(notFinite);
  });
});

/** Orthonormal: the inverse is the transposed one, by which every coefficient draws its own wave. */
function inverseCosineTransform(coefficients: Float64Array, size: number): Float64Array {
  const wave = (frequency: number, place: number) =>
    Math.sqrt((frequency === 0 ? 1 : 2) / size) * Math.cos((Math.PI * (place + 0.5) * frequency) / size);
  return Float64Array.from({ length: size * size }, (_, pixel) =>
    coefficients.reduce(
      (sum, value, place) =>
        sum +
        value * wave(Math.floor(place / size), Math.floor(pixel / size)) * wave(place % size, pixel % size),
      0,
    ),
  );
}

describe("spatialAutocorrelation", () => {
  it("is 0 for white noise", () => {
    const { mean, perChannel } = spatialAutocorrelation(normal([100, 8, 8, 2], 10));
    expect(mean).toHaveLength(4);
    expect(perChannel).toHaveLength(2);
    for (const value of mean) expect(Math.abs(value)).toBeLessThan(0.03);
  });

  it("is a power of the lag for a field that fades from pixel to pixel", () => {
    // Along x every pixel is 0.8 times its left neighbour plus noise; one row, so that there is no other direction.
    const random = createRandom(11);
    const data = new Float32Array(4000 * 9);
    for (let index = 0; index < data.length; index++) {
      const noise = random.normal();
      data[index] = index % 9 === 0 ? noise : 0.8 * (data[index - 1] as number) + 0.6 * noise;
    }
    const { mean } = spatialAutocorrelation({ data, shape: [4000, 1, 9, 1] }, { maxLag: 3 });
    for (const [before, value] of mean.entries())
      expect(Math.abs(value - 0.8 ** (before + 1))).toBeLessThan(0.02);
  });

  it("sees stripes by hand, and both directions alike", () => {
    const stripes = Float32Array.from({ length: 16 }, (_, index) => (index % 2 === 0 ? 1 : -1));
    // Along x the sign turns at every pixel, along y never: -1 and 1 at lag 1, 1 and 1 at lag 2.
    expect(spatialAutocorrelation({ data: stripes, shape: [1, 4, 4, 1] }, { maxLag: 2 }).mean).toEqual([
      0, 1,
    ]);
    const { data } = normal([3, 4, 4, 1], 12);
    const turned = data.map((_, index) => {
      const [picture, y, x] = [Math.floor(index / 16), Math.floor(index / 4) % 4, index % 4];
      return data[picture * 16 + x * 4 + y] as number;
    });
    const mean = (data: Float32Array) => spatialAutocorrelation({ data, shape: [3, 4, 4, 1] }).mean;
    for (const [lag, value] of mean(turned).entries())
      expect(value).toBeCloseTo(mean(data)[lag] as number, 12);
  });

  it("leaves constant channels out, and says what is missing", () => {
    const constant = spatialAutocorrelation({ data: new Float32Array(16).fill(0.1), shape: [1, 4, 4, 1] });
    expect(constant.perChannel[0]?.[0]).toBeNaN();
    expect(() => spatialAutocorrelation(normal([5, 1, 1, 4], 1))).toThrow(/longer side: 1 given, at least 2/);
    expect(() => spatialAutocorrelation(normal([1, 4, 4, 1], 1), { maxLag: 4 })).toThrow(
      /4 given, at least 5/,
    );
    expect(() => spatialAutocorrelation(broken)).toThrow(notFinite);
  });
});

describe("velocityIrreducibleVariance", () => {
  it("is the integral over z_t, for three latents", () => {
    const { latents, times, variances } = fixtures.velocity;
    const samples = 20_000;
    const result = velocityIrreducibleVariance(
      { data: Float32Array.from(latents), shape: [3, 1] },
      { times: 4, samples },
    );
    expect(result.perTime.map(({ time }) => time)).toEqual(times);
    for (const [index, { variance }] of result.perTime.entries()) {
      const expected = variances[index] as number;
      // At the first time only rare samples lie between two latents: 0.0006 on average.
      expect(Math.abs(variance - expected)).toBeLessThan(Math.max(0.04 * expected, 0.002));
    }
    expect(result.mean).toBeCloseTo(result.perTime.reduce((sum, { variance }) => sum + variance, 0) / 4, 12);
  });

  it("has the closed form of a normal distribution: s^2 / ((1 - t)^2 s^2 + t^2)", () => {
    const data = normal([4000, 1], 13).data.map((value) => 0.5 * value);
    const { perTime } = velocityIrreducibleVariance({ data, shape: [4000, 1] }, { times: 4, samples: 400 });
    for (const { time, variance } of perTime) {
      const expected = 0.25 / ((1 - time) ** 2 * 0.25 + time ** 2);
      expect(Math.abs(variance / expected - 1)).toBeLessThan(0.12);
    }
  });

  it("is 0 for latents that are all equal, and scales with them at t near 1", () => {
    const same = { data: new Float32Array(12).fill(2), shape: [4, 3] };
    expect(velocityIrreducibleVariance(same).mean).toBe(0);
    const spread = normal([300, 4], 14);
    const { perTime } = velocityIrreducibleVariance(spread, { times: 200, samples: 4 });
    const mean = spread.data.reduce((sum, value) => sum + value, 0) / spread.data.length;
    const variance = spread.data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / spread.data.length;
    expect(Math.abs((perTime.at(-1)?.variance as number) / variance - 1)).toBeLessThan(0.05);
  });

  it("is larger where paths cross: for scattered latents than for the same ones far apart", () => {
    const near = normal([200, 2], 15);
    const apart = { ...near, data: near.data.map((value) => 20 * value) };
    const relative = (latents: FloatArray, scale: number) =>
      velocityIrreducibleVariance(latents).mean / scale ** 2;
    expect(relative(near, 1)).toBeGreaterThan(5 * relative(apart, 20));
  });

  it("repeats itself for a seed, and says what is missing", () => {
    const latents = normal([30, 2, 2, 1], 16);
    expect(velocityIrreducibleVariance(latents, { seed: 1 })).toEqual(
      velocityIrreducibleVariance(latents, { seed: 1 }),
    );
    expect(() => velocityIrreducibleVariance(normal([1, 4], 1))).toThrow(/latents: 1 given, at least 2/);
    expect(() => velocityIrreducibleVariance(broken)).toThrow(notFinite);
    expect(() => velocityIrreducibleVariance(latents, { times: 0 })).toThrow(/times/);
  });
});
