import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { holm, spearman, type Trend, testEquivalence, testTrend } from "../../src/statistics/index.js";
import { fixtures, relativeError } from "./fixtures.js";

const effects = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 2, maxLength: 8 });

describe("testEquivalence", () => {
  it("agrees with statsmodels", () => {
    for (const { effects, p } of fixtures.equivalence) {
      const { pValue } = testEquivalence(effects, { smallestEffectOfInterest: 0.05 });
      expect(relativeError(pValue, p)).toBeLessThan(1e-9);
    }
  });

  it("is equivalent exactly where the 90 % interval lies within the bounds", () => {
    fc.assert(
      fc.property(effects, fc.double({ min: 0.01, max: 3, noNaN: true }), (effects, bound) => {
        const { equivalent, interval, pValue } = testEquivalence(effects, {
          smallestEffectOfInterest: bound,
        });
        fc.pre(Math.abs(pValue - 0.05) > 1e-9);
        expect(interval.low > -bound && interval.high < bound).toBe(equivalent);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it("knows effects without spread", () => {
    const same = [0.25, 0.25, 0.25, 0.25];
    expect(testEquivalence(same, { smallestEffectOfInterest: 0.5 }).pValue).toBe(0);
    expect(testEquivalence(same, { smallestEffectOfInterest: 0.25 }).pValue).toBe(0.5);
    expect(testEquivalence(same, { smallestEffectOfInterest: 0.1 }).pValue).toBe(1);
  });

  it("refuses bounds of nothing", () => {
    expect(() => testEquivalence([1, 2], { smallestEffectOfInterest: 0 })).toThrow(
      /smallestEffectOfInterest/,
    );
    expect(() => testEquivalence([1, 2], { smallestEffectOfInterest: 1, alpha: 0.5 })).toThrow(/alpha/);
    expect(() => testEquivalence([1], { smallestEffectOfInterest: 1 })).toThrow(/at least 2/);
  });
});

describe("holm", () => {
  it("agrees with statsmodels", () => {
    for (const { p, adjusted } of fixtures.holm) {
      for (const [index, value] of holm(p).entries())
        expect(value).toBeCloseTo(adjusted[index] as number, 14);
    }
    expect(holm([])).toEqual([]);
  });

  it("never lowers a p-value, keeps their order, lies below Bonferroni's and follows its input's order", () => {
    const pValues = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(pValues, (p) => {
        const adjusted = holm(p);
        for (const [index, value] of adjusted.entries()) {
          expect(value).toBeGreaterThanOrEqual(p[index] as number);
          expect(value).toBeLessThanOrEqual(Math.min(1, p.length * (p[index] as number)));
          for (const [other, otherP] of p.entries()) {
            if (otherP <= (p[index] as number)) expect(adjusted[other]).toBeLessThanOrEqual(value);
          }
        }
        expect(holm([...p].reverse())).toEqual([...adjusted].reverse());
      }),
      { seed: 2, numRuns: 200 },
    );
  });

  it("refuses what is no probability", () => {
    expect(() => holm([0.2, 1.2])).toThrow(/pValues\[1\]/);
    expect(() => holm([Number.NaN])).toThrow(/pValues\[0\]/);
  });
});

describe("spearman", () => {
  it("agrees with scipy, ties included", () => {
    for (const { x, y, rho } of fixtures.spearman.rows) {
      const result = spearman(x, y, { resamples: 300 });
      expect(result.estimate).toBeCloseTo(rho, 12);
      expect(result.low).toBeLessThan(rho);
      expect(result.high).toBeGreaterThan(rho);
    }
  });

  it("has the exact p-value within the permutations' error", () => {
    const { x, y, p } = fixtures.spearman.exact;
    const { pValue } = spearman(x, y, { resamples: 20_000 });
    expect(Math.abs(pValue - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / 20_000) + 1 / 20_000);
  });

  it("does not depend on any increasing map, and turns with the order", () => {
    const { x, y } = fixtures.spearman.rows[0] as { x: number[]; y: number[] };
    const plain = spearman(x, y, { resamples: 200 });
    expect(spearman(x.map(Math.exp), y, { resamples: 200 })).toEqual(plain);
    const turned = spearman(
      x.map((value) => -value),
      y,
      { resamples: 200 },
    );
    expect(turned.estimate).toBeCloseTo(-plain.estimate, 12);
    expect(turned.pValue).toBeCloseTo(plain.pValue, 12);
    expect(spearman([1, 2, 3, 4, 5], [2, 3, 5, 8, 9]).estimate).toBeCloseTo(1, 12);
  });

  it("refuses constants, and too few pairs", () => {
    expect(() => spearman([1, 1, 1, 1], [1, 2, 3, 4])).toThrow(/All of first are 1/);
    expect(() => spearman([1, 2, 3], [1, 2, 3])).toThrow(/at least 4/);
    expect(() => spearman([1, 2, 3, 4], [1, 2, 3])).toThrow(
      expect.objectContaining({ code: "ERR_SHAPE_MISMATCH" }),
    );
  });
});

describe("testTrend", () => {
  it("agrees with scipy, ties included", () => {
    for (const { groups, p } of fixtures.jonckheere.rows) {
      expect(relativeError(testTrend(groups, { permutations: 10 }).pValue, p)).toBeLessThan(1e-10);
    }
  });

  it("has the exact p-value within the permutations' error", () => {
    const { groups, p } = fixtures.jonckheere.exact;
    const { permutationPValue } = testTrend(groups, { trend: "increasing", permutations: 20_000 });
    expect(Math.abs(permutationPValue - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / 20_000) + 1 / 20_000);
  });

  it("counts by hand", () => {
    // 1 < 2, 1 < 3, 2 = 2 (half), 2 < 3.
    const { statistic, mean } = testTrend([
      [1, 2],
      [2, 3],
    ]);
    expect(statistic).toBe(3.5);
    expect(mean).toBe(2);
  });

  it("knows both directions apart", () => {
    const rising = [
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
    ];
    const p = (groups: number[][], trend: Trend) => {
      const result = testTrend(groups, { trend });
      return [result.pValue, result.permutationPValue];
    };
    for (const value of [...p(rising, "increasing"), ...p([...rising].reverse(), "decreasing")]) {
      expect(value).toBeLessThan(0.01);
    }
    for (const value of [...p(rising, "decreasing"), ...p([...rising].reverse(), "increasing")]) {
      expect(value).toBeGreaterThan(0.99);
    }
  });

  it("looks at the order alone", () => {
    const values = fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(values, { minLength: 2, maxLength: 4 }), (groups) => {
        fc.pre(groups.flat().length > 2 && new Set(groups.flat()).size > 1);
        const plain = testTrend(groups, { permutations: 50 });
        const mapped = groups.map((group) => group.map((value) => 7 + 2 * value ** 3));
        expect(testTrend(mapped, { permutations: 50 })).toEqual(plain);
        const shuffledWithin = groups.map((group) => [...group].sort());
        expect(testTrend(shuffledWithin, { permutations: 50 }).z).toBeCloseTo(plain.z, 12);
        expect(testTrend([...groups].reverse(), { permutations: 50 }).z).toBeCloseTo(-plain.z, 12);
      }),
      { seed: 3, numRuns: 100 },
    );
  });

  it("says what is missing", () => {
    expect(() => testTrend([[1, 2, 3]])).toThrow(/groups: 1 given/);
    expect(() => testTrend([[1, 2], []])).toThrow(/groups\[1\]/);
    expect(() => testTrend([[1, 1], [1]])).toThrow(/All values are 1/);
    expect(() => testTrend([[1, Number.NaN], [1]])).toThrow(
      expect.objectContaining({ code: "ERR_NOT_FINITE" }),
    );
  });
});
