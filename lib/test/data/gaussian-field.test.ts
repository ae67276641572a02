import { describe, expect, it } from "vitest";
import { fieldPictures, gaussianField, sampleField } from "../../src/data/gaussian-field/gaussian-field.js";
import {
  denoiseField,
  denoisingError,
  velocityVariance,
} from "../../src/data/gaussian-field/optimal-denoiser.js";
import { optimalLinearVae } from "../../src/data/gaussian-field/optimal-vae.js";
import { createRandom } from "../../src/random.js";

const field = gaussianField({ size: 8 });
const pixels = field.size ** 2;
const count = 4000;
const samples = sampleField(field, { count, seed: 1 });
const pictureOf = (index: number) => samples.data.subarray(index * pixels, (index + 1) * pixels);
const meanOver = (value: (index: number) => number, of = count) => {
  let sum = 0;
  for (let index = 0; index < of; index++) sum += value(index);
  return sum / of;
};
const squaredNorm = (values: ArrayLike<number>) =>
  Array.from(values).reduce((sum, value) => sum + value ** 2, 0);

describe("gaussianField", () => {
  it("transforms orthonormally, and back by the same transform, in odd and even sizes", () => {
    for (const size of [2, 5, 8]) {
      const { transform } = gaussianField({ size });
      const values = createRandom(3).fillNormal(new Float32Array(size * size));
      const coefficients = transform(values);
      expect(squaredNorm(coefficients)).toBeCloseTo(squaredNorm(values), 10);
      expect(
        Math.max(...transform(coefficients).map((value, i) => Math.abs(value - (values[i] as number)))),
      ).toBeLessThan(1e-12);
    }
  });

  it("has the variance that was asked for: the trace of the covariance", () => {
    const trace = gaussianField({ size: 8, std: 0.3 }).spectrum.reduce((sum, value) => sum + value, 0);
    expect(trace).toBeCloseTo(64 * 0.09, 10);
  });

  it("draws coefficients with the spectrum's variances, independent of each other", () => {
    const coefficients = Array.from({ length: count }, (_, index) => field.transform(pictureOf(index)));
    const covariance = (first: number, second: number) =>
      meanOver((i) => (coefficients[i]?.[first] as number) * (coefficients[i]?.[second] as number));
    const root = (place: number) => Math.sqrt(field.spectrum[place] as number);
    for (let place = 0; place < pixels; place++) {
      expect(Math.abs(covariance(place, place) / root(place) ** 2 - 1)).toBeLessThan(
        4.5 * Math.sqrt(2 / count),
      );
      const other = (place * 13 + 5) % pixels;
      if (other === place) continue;
      expect(Math.abs(covariance(place, other)) / (root(place) * root(other))).toBeLessThan(
        4.5 / Math.sqrt(count),
      );
    }
  });

  it("is stationary: the covariance of two pixels depends on their distance only, round the borders", () => {
    // Exactly, from the spectrum: cov(p, q) = sum of eigenvalue * basis(p) * basis(q).
    const impulse = (place: number) =>
      field.transform(Array.from({ length: pixels }, (_, i) => Number(i === place)));
    const covariance = (first: number, second: number) => {
      const [p, q] = [impulse(first), impulse(second)];
      return field.spectrum.reduce((sum, value, i) => sum + value * (p[i] as number) * (q[i] as number), 0);
    };
    expect(covariance(0, 0)).toBeCloseTo(0.25 ** 2, 12);
    for (const [dy, dx] of [
      [0, 1],
      [2, 3],
      [7, 1],
    ] as const) {
      const shifted = (y: number, x: number) => covariance(y * 8 + x, ((y + dy) % 8) * 8 + ((x + dx) % 8));
      expect(shifted(5, 6)).toBeCloseTo(shifted(0, 0), 12);
      expect(shifted(3, 1)).toBeCloseTo(shifted(0, 0), 12);
    }
    expect(covariance(0, 1)).toBeGreaterThan(covariance(0, 4)); // neighbours are alike
  });

  it("is reproducible, appends, and comes as pictures", () => {
    expect(sampleField(field, { count: 3, seed: 1 }).data).toEqual(samples.data.slice(0, 3 * pixels));
    const set = fieldPictures(sampleField(field, { count: 3, seed: 1 }));
    expect(set).toMatchObject({ count: 3, shape: [8, 8, 1] });
    for (const [index, byte] of set.pixels.entries()) {
      expect(Math.abs(byte / 127.5 - 1 - (samples.data[index] as number))).toBeLessThan(0.00393);
    }
    expect(() => gaussianField({ size: 1 })).toThrow(/size/);
    expect(() => sampleField(field, { count: 0 })).toThrow(/count/);
  });
});

describe("optimalLinearVae", () => {
  it("collapses directions at and below beta / 2, and gives the rest 1/2 ln(eigenvalue / (beta / 2)) nats", () => {
    const { directions, activeUnits, kl, squaredError, loss } = optimalLinearVae([0.2, 1, 4, 0.5], {
      beta: 1,
    });
    expect(directions.map(({ active }) => active)).toEqual([true, true, false, false]);
    expect(directions.map((direction) => direction.kl)).toEqual([Math.log(8) / 2, Math.log(2) / 2, 0, 0]);
    expect(activeUnits).toBe(2);
    expect(squaredError).toBeCloseTo(0.5 + 0.5 + 0.5 + 0.2, 12);
    expect(loss).toBeCloseTo(1.7 + Math.log(16) / 2, 12);
    expect(kl).toBeCloseTo(Math.log(16) / 2, 12);
    expect(optimalLinearVae([0.2, 1, 4], { beta: 1, latents: 1 })).toMatchObject({ activeUnits: 1 });
    expect(() => optimalLinearVae([1], { beta: 0 })).toThrow(/beta/);
  });

  it("predicts error and KL divergence of that VAE on samples", () => {
    const beta = 0.05;
    const optimum = optimalLinearVae(field.spectrum, { beta });
    expect(optimum.activeUnits).toBeGreaterThan(5);
    expect(optimum.activeUnits).toBeLessThan(pixels);
    const order = Array.from(field.spectrum.keys()).sort(
      (i, j) => (field.spectrum[j] as number) - (field.spectrum[i] as number),
    );
    const random = createRandom(7);
    const measured = { kl: 0, squaredError: 0, squaredErrorOfMean: 0 };
    for (let picture = 0; picture < count; picture++) {
      const coefficients = field.transform(pictureOf(picture));
      for (const [rank, { encoder, posteriorStd, decoder }] of optimum.directions.entries()) {
        const value = coefficients[order[rank] as number] as number;
        const mean = encoder * value;
        measured.kl += (mean ** 2 + posteriorStd ** 2 - 1 - 2 * Math.log(posteriorStd)) / 2 / count;
        measured.squaredError += (value - decoder * (mean + posteriorStd * random.normal())) ** 2 / count;
        measured.squaredErrorOfMean += (value - decoder * mean) ** 2 / count;
      }
    }
    for (const name of ["kl", "squaredError", "squaredErrorOfMean"] as const) {
      expect(Math.abs(measured[name] / optimum[name] - 1), name).toBeLessThan(0.02);
    }
  });
});

describe("the optimal denoiser of the field", () => {
  const random = createRandom(4);
  const noiseOf = samples.data.map(() => random.normal());
  const few = 1500;

  it.each([
    { signal: 1, noise: 0.1 },
    { signal: 1, noise: 2 },
    { signal: 0.4, noise: 0.6 },
  ])("has the error that the closed form says, and a stronger or weaker filter has a larger one: %j", (corruption) => {
    const { signal, noise } = corruption;
    const noisy = samples.data.map((value, i) => signal * value + noise * (noiseOf[i] as number));
    const error = (data: Float32Array) =>
      meanOver(
        (index) => ((data[index] as number) - (samples.data[index] as number)) ** 2 * pixels,
        few * pixels,
      );
    const part = { data: noisy.subarray(0, few * pixels), shape: [few, 8, 8, 1] };
    const best = error(denoiseField(field, part, corruption).data);
    expect(Math.abs(best / denoisingError(field.spectrum, corruption) - 1)).toBeLessThan(0.04);
    for (const wrong of [0.5, 2]) {
      expect(error(denoiseField(field, part, { signal, noise: noise * wrong }).data)).toBeGreaterThan(best);
    }
  });

  it("leaves the velocity of a rectified flow with the variance of the closed form", () => {
    for (const time of [0.3, 0.8]) {
      const noisy = samples.data.map((value, i) => (1 - time) * value + time * (noiseOf[i] as number));
      const part = { data: noisy.subarray(0, few * pixels), shape: [few, 8, 8, 1] };
      const clean = denoiseField(field, part, { signal: 1 - time, noise: time }).data;
      const error = meanOver((i) => {
        const velocity = (noiseOf[i] as number) - (samples.data[i] as number);
        const guess = ((noisy[i] as number) - (clean[i] as number)) / time; // e - x = (x_t - x) / t
        return (velocity - guess) ** 2 * pixels;
      }, few * pixels);
      expect(Math.abs(error / velocityVariance(field.spectrum, time) - 1)).toBeLessThan(0.04);
    }
    expect(velocityVariance([2, 3], 1)).toBe(5); // nothing is known but noise: the data's variance is left
    expect(() => velocityVariance([1], 0)).toThrow(/time/);
    expect(() => denoisingError([1], { signal: 1, noise: 0 })).toThrow(/noise/);
  });
});
