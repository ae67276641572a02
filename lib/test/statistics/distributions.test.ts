import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  normalProbability,
  normalQuantile,
  pairedDifferences,
  proportionInterval,
  studentTProbability,
  studentTQuantile,
  studentTTwoSided,
  tInterval,
  tTest,
} from "../../src/statistics/index.js";
import { fixtures, relativeError } from "./fixtures.js";

describe("the normal distribution", () => {
  it("agrees with scipy, far into the tails", () => {
    const { z, probability, p, quantile } = fixtures.normal;
    for (const [index, value] of z.entries()) {
      expect(relativeError(normalProbability(value), probability[index] as number)).toBeLessThan(2e-13);
    }
    for (const [index, value] of p.entries()) {
      expect(Math.abs(normalQuantile(value) - (quantile[index] as number))).toBeLessThan(1e-12);
    }
    expect(normalProbability(Number.POSITIVE_INFINITY)).toBe(1);
    expect(normalProbability(Number.NEGATIVE_INFINITY)).toBe(0);
  });

  it("refuses quantiles of no probability", () => {
    for (const p of [0, 1, -0.1, Number.NaN]) expect(() => normalQuantile(p)).toThrow(/probability/);
  });
});

describe("Student's t", () => {
  it("agrees with scipy from half a degree of freedom to thousands", () => {
    for (const { df, p, t, twoSided } of fixtures.studentT) {
      expect(Math.abs(studentTProbability(t, df) - p)).toBeLessThan(1e-12);
      expect(relativeError(studentTTwoSided(t, df), twoSided)).toBeLessThan(1e-10);
      expect(Math.abs(studentTQuantile(p, df) - t)).toBeLessThan(1e-10 * Math.max(1, Math.abs(t)));
    }
  });

  it("has the closed forms of one and two degrees of freedom", () => {
    for (const t of [-3, -0.2, 0, 1, 40]) {
      expect(studentTProbability(t, 1)).toBeCloseTo(0.5 + Math.atan(t) / Math.PI, 13);
      expect(studentTProbability(t, 2)).toBeCloseTo(0.5 + t / (2 * Math.sqrt(2 + t * t)), 13);
    }
  });

  it("has the quantiles that tables print", () => {
    expect(studentTQuantile(0.975, 2)).toBeCloseTo(4.303, 3); // three seeds
    expect(studentTQuantile(0.975, 4)).toBeCloseTo(2.776, 3); // five
  });

  it("refuses degrees of freedom that there are not", () => {
    expect(() => studentTQuantile(0.9, 0)).toThrow(/degreesOfFreedom/);
    expect(() => studentTProbability(1, Number.NaN)).toThrow(/degreesOfFreedom/);
  });
});

describe("tInterval", () => {
  it("agrees with scipy", () => {
    for (const { values, low, high } of fixtures.intervals) {
      const interval = tInterval(values);
      expect(interval.low).toBeCloseTo(low, 11);
      expect(interval.high).toBeCloseTo(high, 11);
    }
  });

  it("moves and stretches with the values", () => {
    const values = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 2, maxLength: 12 });
    const numbers = fc.double({ min: -10, max: 10, noNaN: true });
    fc.assert(
      fc.property(values, numbers, numbers, (values, shift, scale) => {
        const { estimate, low, high } = tInterval(values);
        const moved = tInterval(values.map((value) => scale * value + shift));
        const [newLow, newHigh] = scale < 0 ? [high, low] : [low, high];
        expect(moved.estimate).toBeCloseTo(scale * estimate + shift, 6);
        expect(moved.low).toBeCloseTo(scale * newLow + shift, 6);
        expect(moved.high).toBeCloseTo(scale * newHigh + shift, 6);
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  it("says what is missing", () => {
    expect(() => tInterval([1])).toThrow(
      expect.objectContaining({ name: "DataError", code: "ERR_TOO_FEW_SAMPLES" }),
    );
    expect(() => tInterval([1, Number.NaN, 2])).toThrow(
      expect.objectContaining({
        code: "ERR_NOT_FINITE",
        message: expect.stringContaining("values[1] is NaN"),
      }),
    );
    expect(() => tInterval([1, 2], { confidence: 95 })).toThrow(/confidence/);
  });
});

describe("tTest", () => {
  it("agrees with scipy, and with the interval: it excludes 0 exactly where p is below 0.05", () => {
    for (const { values, t, p } of fixtures.intervals) {
      const result = tTest(values);
      expect(relativeError(result.t, t)).toBeLessThan(1e-10);
      expect(relativeError(result.pValue, p)).toBeLessThan(1e-9);
      const { low, high } = tInterval(values);
      expect(low > 0 || high < 0).toBe(result.pValue < 0.05);
    }
  });

  it("knows values without spread", () => {
    expect(tTest([0, 0, 0])).toEqual({ t: 0, pValue: 1 });
    expect(tTest([0.5, 0.5])).toEqual({ t: Number.POSITIVE_INFINITY, pValue: 0 });
    expect(() => tTest([1])).toThrow(/at least 2/);
  });
});

describe("pairedDifferences", () => {
  it("takes control from treatment, and only whole pairs", () => {
    expect(pairedDifferences([1, 2], [4, 1])).toEqual([3, -1]);
    expect(() => pairedDifferences([1], [4, 1])).toThrow(
      expect.objectContaining({ code: "ERR_SHAPE_MISMATCH" }),
    );
  });
});

describe("proportionInterval", () => {
  it("agrees with scipy's Wilson interval", () => {
    for (const [successes, trials, confidence, low, high] of fixtures.proportions) {
      const interval = proportionInterval(successes, trials, { confidence });
      expect(interval.low).toBeCloseTo(low, 12);
      expect(interval.high).toBeCloseTo(high, 12);
    }
  });

  it("holds the rate, stays within [0, 1] and mirrors failures", () => {
    fc.assert(
      fc.property(fc.nat(3000), fc.integer({ min: 1, max: 3000 }), (successes, trials) => {
        fc.pre(successes <= trials);
        const { low, estimate, high } = proportionInterval(successes, trials);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(low).toBeLessThanOrEqual(estimate);
        expect(estimate).toBeLessThanOrEqual(high);
        expect(high).toBeLessThanOrEqual(1);
        expect(proportionInterval(trials - successes, trials).low).toBeCloseTo(1 - high, 12);
      }),
      { seed: 2, numRuns: 100 },
    );
  });

  it("refuses counts that make no sense", () => {
    expect(() => proportionInterval(3, 2)).toThrow(/successes first/);
    expect(() => proportionInterval(0, 0)).toThrow(/trials/);
    expect(() => proportionInterval(0.5, 2)).toThrow(/successes/);
  });
});
