import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../src/random.js";
import {
  areaBetweenFrontiers,
  frontierAreaInterval,
  interpolateMonotone,
  paretoFrontier,
  type SweepSetting,
} from "../../src/statistics/index.js";
import { fixtures } from "./fixtures.js";

const points = (pairs: [number, number][]) => pairs.map(([x, y]) => ({ x, y }));

describe("interpolateMonotone", () => {
  it("agrees with scipy's PCHIP", () => {
    for (const { x, y, at, values } of fixtures.pchip.rows) {
      const curve = interpolateMonotone(x, y);
      for (const [index, place] of at.entries())
        expect(curve(place)).toBeCloseTo(values[index] as number, 11);
    }
  });

  it("rises where the points rise", () => {
    const steps = fc.array(
      fc.tuple(fc.double({ min: 0.1, max: 5, noNaN: true }), fc.double({ min: 0, max: 5, noNaN: true })),
      {
        minLength: 2,
        maxLength: 8,
      },
    );
    fc.assert(
      fc.property(steps, (steps) => {
        let [x, y] = [0, 0];
        const [xs, ys]: [number[], number[]] = [[], []];
        for (const [width, rise] of steps) {
          x += width;
          y += rise;
          xs.push(x);
          ys.push(y);
        }
        const curve = interpolateMonotone(xs, ys);
        const [first, last] = [xs[0] as number, xs.at(-1) as number];
        let before = curve(first);
        for (let step = 1; step <= 50; step++) {
          const value = curve(first + ((last - first) * step) / 50);
          expect(value).toBeGreaterThanOrEqual(before - 1e-9);
          before = value;
        }
      }),
      { seed: 1, numRuns: 100 },
    );
  });
});

describe("paretoFrontier", () => {
  const sweep = points([
    [20, 0.5],
    [25, 0.9],
    [22, 0.8],
    [30, 0.1],
    [30, 0.2],
    [25, 0.4],
  ]);

  it("keeps what no other point beats, in ascending x", () => {
    expect(paretoFrontier(sweep)).toEqual(
      points([
        [25, 0.9],
        [30, 0.2],
      ]),
    );
    expect(paretoFrontier(sweep, { better: "lower" })).toEqual(points([[30, 0.1]]));
    expect(paretoFrontier([])).toEqual([]);
    const equal = points([
      [20, 0.5],
      [25, 0.5],
      [25, 0.5],
    ]);
    expect(paretoFrontier(equal)).toEqual(points([[25, 0.5]]));
  });

  it("does not depend on the order, nor on points that are beaten", () => {
    const random = createRandom(1);
    expect(paretoFrontier(random.shuffle([...sweep]))).toEqual(paretoFrontier(sweep));
    expect(paretoFrontier(paretoFrontier(sweep))).toEqual(paretoFrontier(sweep));
  });
});

describe("areaBetweenFrontiers", () => {
  it("agrees with scipy's integral", () => {
    const { control, treatment, area } = fixtures.pchip;
    const result = areaBetweenFrontiers(points(control), points(treatment));
    expect(result.area).toBeCloseTo(area, 12);
    expect(result.range).toEqual([20, 25]);
    expect(result.meanGap).toBeCloseTo(area / 5, 12);
  });

  it("is the shift times the width for a shifted frontier, and turns its sign", () => {
    const control = points([
      [20, 3],
      [22, 2],
      [30, 0],
    ]);
    const better = control.map(({ x, y }) => ({ x, y: y + 0.5 }));
    expect(areaBetweenFrontiers(control, better).area).toBeCloseTo(5, 12);
    expect(areaBetweenFrontiers(better, control).area).toBeCloseTo(-5, 12);
    const mirrored = (curve: typeof control) => curve.map(({ x, y }) => ({ x, y: -y }));
    expect(areaBetweenFrontiers(mirrored(control), mirrored(better), { better: "lower" }).area).toBeCloseTo(
      5,
      12,
    );
    expect(areaBetweenFrontiers(control, control).area).toBe(0);
  });

  it("names the ranges that do not meet", () => {
    const low = points([
      [1, 2],
      [2, 1],
    ]);
    const high = points([
      [2, 5],
      [3, 4],
    ]);
    expect(() => areaBetweenFrontiers(low, high)).toThrow(
      expect.objectContaining({
        code: "ERR_NO_COMMON_RANGE",
        message: expect.stringContaining("control has 1 to 2, treatment 2 to 3"),
      }),
    );
    expect(() => areaBetweenFrontiers(low, points([[1.5, 1]]))).toThrow(/only 1.5/);
    expect(() => areaBetweenFrontiers([], low)).toThrow(/no point/);
    expect(() => areaBetweenFrontiers(points([[Number.NaN, 1]]), low)).toThrow(
      expect.objectContaining({ code: "ERR_NOT_FINITE" }),
    );
  });
});

describe("frontierAreaInterval", () => {
  const random = createRandom(2);
  const seedShift = Array.from({ length: 5 }, () => 0.2 * random.normal());
  const sweep = (advantage: number): SweepSetting[] =>
    [20, 23, 26, 29].map((x, index) => ({
      x: seedShift.map(() => x + 0.1 * random.normal()),
      y: seedShift.map((shift) => 0.9 - 0.2 * index + advantage + shift + 0.01 * random.normal()),
    }));

  it("cancels what a seed does to both families", () => {
    const [control, treatment] = [sweep(0), sweep(0.1)];
    const { estimate, low, high, meanGap } = frontierAreaInterval(control, treatment);
    expect(meanGap).toBeGreaterThan(0.08);
    expect(meanGap).toBeLessThan(0.12);
    expect(low).toBeGreaterThan(0.5); // the area is 0.9; unpaired, its interval would hold 0
    expect(low).toBeLessThan(estimate);
    expect(high).toBeGreaterThan(estimate);
  });

  it("says which seeds are missing", () => {
    const control = sweep(0);
    const short = control.map(({ x, y }) => ({ x: x.slice(1), y }));
    expect(() => frontierAreaInterval(control, short)).toThrow(
      expect.objectContaining({
        code: "ERR_SHAPE_MISMATCH",
        message: expect.stringContaining("same 5 seeds"),
      }),
    );
    expect(() => frontierAreaInterval([{ x: [1], y: [1] }], control)).toThrow(/seeds: 1 given/);
    expect(() => frontierAreaInterval([], control)).toThrow(/control has no point/);
  });
});
