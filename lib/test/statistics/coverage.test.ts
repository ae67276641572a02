import { mean } from "simple-statistics";
import { describe, expect, it } from "vitest";
import { createRandom, type Random } from "../../src/random.js";
import {
  bootstrap,
  decideVerdict,
  hierarchicalBootstrap,
  proportionInterval,
  studentTProbability,
  testEquivalence,
  testTrend,
  testTwoLines,
  tInterval,
} from "../../src/statistics/index.js";

/** Share of the repetitions in which `event` happens. */
function share(repetitions: number, event: (random: Random) => boolean): number {
  const random = createRandom(1);
  let count = 0;
  for (let repetition = 0; repetition < repetitions; repetition++) if (event(random)) count += 1;
  return count / repetitions;
}

/** Four standard errors of a share: what simulations may differ from the truth. */
const simulationError = (p: number, repetitions: number) => 4 * Math.sqrt((p * (1 - p)) / repetitions);

const normals = (random: Random, count: number, spread = 1) =>
  Array.from({ length: count }, () => spread * random.normal());

const covers = ({ low, high }: { low: number; high: number }, truth: number) => low <= truth && truth <= high;

describe("coverage of 95 % intervals", () => {
  it.each([2, 3, 5, 30])("t-interval of %i normal values: exact", (count) => {
    const covered = share(4000, (random) => covers(tInterval(normals(random, count)), 0));
    expect(Math.abs(covered - 0.95)).toBeLessThan(simulationError(0.95, 4000));
  });

  it("BCa of 40 skewed values: close to nominal, and closer than percentiles", () => {
    const exponential = (random: Random) => Array.from({ length: 40 }, () => -Math.log(1 - random.uniform()));
    const coverage = (method: "bca" | "percentile") =>
      share(400, (random) => covers(bootstrap(exponential(random), mean, { method, resamples: 200 }), 1));
    const [bca, percentile] = [coverage("bca"), coverage("percentile")];
    expect(bca).toBeGreaterThan(0.91);
    expect(bca).toBeLessThan(0.97);
    expect(bca).toBeGreaterThanOrEqual(percentile);
  });

  it.each([4, 12])("hierarchical bootstrap of %i seeds: as far below nominal as documented", (seeds) => {
    const draw = (random: Random) =>
      Array.from({ length: seeds }, () => {
        const effect = random.normal();
        return {
          control: normals(random, 8, 0.3),
          treatment: normals(random, 8, 0.3).map((x) => x + effect),
        };
      });
    const repetitions = 250;
    const covered = share(repetitions, (random) =>
      covers(hierarchicalBootstrap(draw(random), { resamples: 150 }), 0),
    );
    // A normal interval with n instead of n - 1 in the variance.
    const bound = 1.96 * Math.sqrt((seeds - 1) / seeds);
    const expected = 2 * studentTProbability(bound, seeds - 1) - 1;
    expect(Math.abs(covered - expected)).toBeLessThan(simulationError(expected, repetitions) + 0.01);
  });

  it.each([0.02, 0.3, 0.9])("Wilson's interval of a rate of %f", (rate) => {
    const covered = share(2000, (random) => {
      let successes = 0;
      for (let trial = 0; trial < 200; trial++) if (random.uniform() < rate) successes += 1;
      return covers(proportionInterval(successes, 200), rate);
    });
    expect(Math.abs(covered - 0.95)).toBeLessThan(0.03); // counts are whole numbers: it cannot be exact
  });
});

describe("false alarms", () => {
  it("testEquivalence: at most alpha at the bound, with power inside", () => {
    const equivalent = (centre: number) =>
      share(3000, (random) => {
        const effects = normals(random, 5, 0.4).map((x) => x + centre);
        return testEquivalence(effects, { smallestEffectOfInterest: 1 }).equivalent;
      });
    expect(equivalent(1)).toBeLessThan(0.05 + simulationError(0.05, 3000));
    expect(equivalent(1)).toBeGreaterThan(0.05 - simulationError(0.05, 3000));
    expect(equivalent(0)).toBeGreaterThan(0.9);
  });

  it("testTrend: alpha without a trend, by both p-values, with power under one", () => {
    const rejected = (slope: number, which: "pValue" | "permutationPValue", repetitions: number) =>
      share(repetitions, (random) => {
        const groups = [0, 1, 2, 3].map((group) => normals(random, 5).map((x) => x + slope * group));
        const permutations = which === "pValue" ? 1 : 99;
        return (
          testTrend(groups, { trend: "increasing", permutations, seed: random.integer(0, 1e9) })[which] <=
          0.05
        );
      });
    expect(Math.abs(rejected(0, "pValue", 3000) - 0.05)).toBeLessThan(simulationError(0.05, 3000));
    expect(Math.abs(rejected(0, "permutationPValue", 1500) - 0.05)).toBeLessThan(simulationError(0.05, 1500));
    expect(rejected(0.7, "pValue", 300)).toBeGreaterThan(0.8);
  });

  it("testTwoLines: at most alpha for flat, straight and saturating curves, with power for a U", () => {
    const xs = Array.from({ length: 36 }, (_, index) => Math.floor(index / 4));
    const found = (curve: (x: number) => number) =>
      share(
        400,
        (random) =>
          testTwoLines(
            xs,
            normals(random, 36).map((noise, index) => curve(xs[index] as number) + noise),
          ).shape !== "none",
      );
    const limit = 0.05 + simulationError(0.05, 400);
    expect(found(() => 0)).toBeLessThan(limit);
    expect(found((x) => x)).toBeLessThan(limit);
    expect(found((x) => 3 * Math.log(x + 0.5))).toBeLessThan(limit);
    expect(found((x) => Math.min(x, 4))).toBeLessThan(limit);
    expect(found((x) => 0.2 * (x - 4) ** 2)).toBeGreaterThan(0.9);
  });

  it("decideVerdict: supports an absent effect in at most 2.5 %, a true one mostly", () => {
    const supported = (effect: number) =>
      share(3000, (random) => {
        const effects = normals(random, 5, 0.1).map((x) => x + effect);
        return (
          decideVerdict({ effects, predicted: "increase", smallestEffectOfInterest: 0.05 }).verdict ===
          "supported"
        );
      });
    expect(supported(0)).toBeLessThan(0.025 + simulationError(0.025, 3000));
    expect(supported(0.25)).toBeGreaterThan(0.9);
  });
});
