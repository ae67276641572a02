import { mean, variance } from "simple-statistics";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../src/random.js";
import { bcaInterval, percentileInterval } from "../../src/statistics/bootstrap.js";
import {
  bootstrap,
  hierarchicalBootstrap,
  pairedBootstrap,
  type SeedSamples,
  tInterval,
} from "../../src/statistics/index.js";
import { fixtures } from "./fixtures.js";

const skewed = (count: number, seed: number) => {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => -Math.log(1 - random.uniform()));
};

describe("the intervals of given replicates", () => {
  const { values, replicates, low, high, percentile } = fixtures.bca;

  it("are scipy's, BCa", () => {
    const jackknife = values.map((value) => (mean(values) * values.length - value) / (values.length - 1));
    const interval = bcaInterval(mean(values), replicates, jackknife, 0.95);
    expect(interval.low).toBeCloseTo(low, 12);
    expect(interval.high).toBeCloseTo(high, 12);
  });

  it("are numpy's, percentiles", () => {
    const interval = percentileInterval(mean(values), replicates, 0.95);
    expect([interval.low, interval.high]).toEqual(percentile);
  });
});

describe("bootstrap", () => {
  it("approaches the normal interval of a mean", () => {
    const random = createRandom(1);
    const values = Array.from({ length: 400 }, () => random.normal());
    const exact = tInterval(values);
    for (const method of ["bca", "percentile"] as const) {
      const interval = bootstrap(values, mean, { method, resamples: 4000 });
      expect(interval.estimate).toBe(mean(values));
      expect(Math.abs(interval.low - exact.low)).toBeLessThan(0.01);
      expect(Math.abs(interval.high - exact.high)).toBeLessThan(0.01);
    }
  });

  it("moves BCa towards the long tail", () => {
    const values = skewed(30, 2);
    const bca = bootstrap(values, mean);
    const percentile = bootstrap(values, mean, { method: "percentile" });
    expect(bca.low).toBeGreaterThan(percentile.low);
    expect(bca.high).toBeGreaterThan(percentile.high);
  });

  it("repeats itself for a seed, and moves with the values", () => {
    const values = skewed(15, 3);
    expect(bootstrap(values, mean, { seed: 5 })).toEqual(bootstrap(values, mean, { seed: 5 }));
    expect(bootstrap(values, mean, { seed: 5 })).not.toEqual(bootstrap(values, mean, { seed: 6 }));
    const plain = bootstrap(values, mean);
    const moved = bootstrap(
      values.map((value) => 3 - 2 * value),
      mean,
    );
    expect(moved.low).toBeCloseTo(3 - 2 * plain.high, 1); // other quantile levels: the same but for resampling noise
    expect(moved.estimate).toBeCloseTo(3 - 2 * plain.estimate, 12);
  });

  it("gives a constant no width", () => {
    expect(bootstrap([2, 2, 2, 2], mean)).toMatchObject({ low: 2, estimate: 2, high: 2 });
  });

  it("leaves out resamples without a value, and refuses a statistic that mostly has none", () => {
    const ratio = (drawn: number[]) => mean(drawn.map((value) => 1 / value));
    const spread = (drawn: number[]) =>
      new Set(drawn).size > 1 ? Math.max(...drawn) - Math.min(...drawn) : Number.NaN;
    expect(bootstrap([1, 2, 3], spread).high).toBe(2);
    expect(() => bootstrap([0, 1, 2], ratio)).toThrow(
      expect.objectContaining({
        code: "ERR_TOO_FEW_SAMPLES",
        message: expect.stringMatching(/is NaN on all/),
      }),
    );
    expect(() => bootstrap([1], mean)).toThrow(/items: 1 given, at least 2/);
    expect(() => bootstrap([1, 2], mean, { resamples: 0 })).toThrow(/resamples/);
  });
});

describe("pairedBootstrap", () => {
  it("keeps pairs together: what both arms share cancels", () => {
    const shared = skewed(40, 4).map((value) => 100 * value);
    const control = shared.map((value, index) => value + (index % 2));
    const treatment = shared.map((value) => value + 1);
    const { low, high, estimate } = pairedBootstrap(control, treatment);
    expect(estimate).toBeCloseTo(0.5, 10);
    expect(high - low).toBeLessThan(0.5); // unpaired it would be tens wide
  });

  it("takes other effects than the difference of means", () => {
    const ratio = (control: number[], treatment: number[]) => mean(treatment) / mean(control);
    expect(pairedBootstrap([1, 2, 3], [2, 4, 6], { effect: ratio })).toMatchObject({
      low: 2,
      estimate: 2,
      high: 2,
    });
    expect(() => pairedBootstrap([1, 2], [1])).toThrow(
      expect.objectContaining({ code: "ERR_SHAPE_MISMATCH" }),
    );
  });
});

describe("hierarchicalBootstrap", () => {
  const random = createRandom(7);
  const draw = (count: number, centre: number) =>
    Array.from({ length: count }, () => centre + random.normal());

  it("reports every seed's effect and their mean", () => {
    const seeds: SeedSamples[] = [
      { control: [1, 3], treatment: [5, 7] },
      { control: [0], treatment: [1, 2, 3] },
    ];
    const result = hierarchicalBootstrap(seeds);
    expect(result.perSeed).toEqual([4, 2]);
    expect(result.estimate).toBe(3);
    expect(result.low).toBeLessThan(3);
    expect(result.high).toBeGreaterThan(3);
  });

  it("sees the spread between seeds, which more samples do not remove", () => {
    const seeds = Array.from({ length: 12 }, () => {
      const shift = random.normal();
      return { control: draw(300, 0), treatment: draw(300, shift) };
    });
    const { low, high, perSeed } = hierarchicalBootstrap(seeds, { resamples: 800 });
    const { low: lowT, high: highT } = tInterval(perSeed);
    // z sqrt((n - 1) / n) / t: 0.85 at twelve seeds; and a little of the samples' own spread on top.
    expect((high - low) / (highT - lowT)).toBeGreaterThan(0.78);
    expect((high - low) / (highT - lowT)).toBeLessThan(0.97);
  });

  it("sees the spread between samples where seeds agree", () => {
    const samples = { control: draw(50, 0), treatment: draw(50, 1) };
    const { low, high } = hierarchicalBootstrap([samples, samples, samples], { resamples: 3000 });
    const variances = variance(samples.control) + variance(samples.treatment);
    const expected = 2 * 1.96 * Math.sqrt(variances / 50 / 3);
    expect((high - low) / expected).toBeGreaterThan(0.9);
    expect((high - low) / expected).toBeLessThan(1.1);
  });

  it("resamples pairs together where told", () => {
    const pictures = draw(60, 0).map((value) => 50 * value);
    const seeds = [1, 1].map((gain) => ({
      control: pictures,
      treatment: pictures.map((value) => value + gain),
    }));
    const { low, high } = hierarchicalBootstrap(seeds, { pairedSamples: true, resamples: 200 });
    expect(low).toBeCloseTo(1, 8);
    expect(high).toBeCloseTo(1, 8);
    expect(hierarchicalBootstrap(seeds, { resamples: 200 }).high).toBeGreaterThan(5);
  });

  it("says what is missing", () => {
    const good = { control: [1, 2], treatment: [3] };
    expect(() => hierarchicalBootstrap([good])).toThrow(/seeds: 1 given, at least 2/);
    expect(() => hierarchicalBootstrap([good, { control: [], treatment: [1] }])).toThrow(
      /seeds\[1\].control/,
    );
    expect(() => hierarchicalBootstrap([good, good], { pairedSamples: true })).toThrow(
      expect.objectContaining({ code: "ERR_SHAPE_MISMATCH" }),
    );
  });
});
