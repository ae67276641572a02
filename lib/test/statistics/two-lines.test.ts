import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../src/random.js";
import { testTwoLines } from "../../src/statistics/index.js";
import { fitNaturalSpline } from "../../src/statistics/natural-spline.js";
import { fitRobustLine } from "../../src/statistics/robust-line.js";
import { fixtures } from "./fixtures.js";

/** Seven doses, five seeds each. */
const doses = Array.from({ length: 35 }, (_, index) => Math.floor(index / 5));

const respond = (curve: (x: number) => number, noise: number, seed = 1) => {
  const random = createRandom(seed);
  return doses.map((x) => curve(x) + noise * random.normal());
};

describe("fitNaturalSpline", () => {
  it("is the projection on natural cubic splines, with statsmodels' standard errors", () => {
    const { x, y, fitted, standardErrors } = fixtures.spline;
    const fit = fitNaturalSpline(x, y);
    for (const index of x.keys()) {
      expect(fit.fitted[index]).toBeCloseTo(fitted[index] as number, 10);
      expect(fit.standardErrors[index]).toBeCloseTo(standardErrors[index] as number, 10);
    }
  });

  it("is the mean of every x where there are as many knots as x", () => {
    const { fitted } = fitNaturalSpline([0, 0, 1, 1, 5, 5], [1, 3, 7, 9, -1, 1]);
    for (const [index, value] of [2, 2, 8, 8, 0, 0].entries()) expect(fitted[index]).toBeCloseTo(value, 10);
  });

  it("reproduces lines", () => {
    const xs = Array.from({ length: 40 }, (_, index) => index ** 2);
    const { fitted } = fitNaturalSpline(
      xs,
      xs.map((x) => 3 - 2 * x),
    );
    for (const [index, x] of xs.entries()) expect(fitted[index]).toBeCloseTo(3 - 2 * x, 7);
  });
});

describe("fitRobustLine", () => {
  it("takes HC1 where one point alone decides the slope", () => {
    // By hand: line through (0, 2) and (1, 5), residuals ±1 at x = 0: HC1 = 3 / (3 - 2) * 2 (1 / 3)^2 / (2 / 3)^2.
    const { slope, standardError } = fitRobustLine([0, 0, 1], [1, 3, 5]);
    expect(slope).toBeCloseTo(3, 12);
    expect(standardError).toBeCloseTo(Math.sqrt((3 * 2 * (1 / 9)) / (4 / 9)), 12);
  });
});

describe("testTwoLines", () => {
  it("has statsmodels' slopes and HC3 errors at a given break point", () => {
    for (const { x, y, left, right } of fixtures.lines) {
      const result = testTwoLines(x, y, { breakPoint: 4 });
      expect(result.left.slope).toBeCloseTo(left.slope, 12);
      expect(result.left.standardError).toBeCloseTo(left.standardError, 12);
      expect(result.right.slope).toBeCloseTo(right.slope, 12);
      expect(result.right.standardError).toBeCloseTo(right.standardError, 12);
    }
  });

  it("finds a U, its break point, and the U upside down", () => {
    const ys = respond((x) => (x - 4) ** 2, 1);
    const u = testTwoLines(doses, ys);
    expect(u.shape).toBe("u");
    expect(u.breakPoint).toBeGreaterThanOrEqual(3);
    expect(u.breakPoint).toBeLessThanOrEqual(5);
    const upsideDown = testTwoLines(
      doses,
      ys.map((y) => -y),
    );
    expect(upsideDown).toMatchObject({ shape: "inverted-u", breakPoint: u.breakPoint, pValue: u.pValue });
  });

  it("does not take a saturating curve for a U, as a parabola would", () => {
    const result = testTwoLines(
      doses,
      respond((x) => Math.log(x + 0.1), 0.1),
    );
    expect(result.shape).toBe("none");
    expect(result.left.slope).toBeGreaterThan(0);
  });

  it("finds the Robin Hood break point that numpy and statsmodels give", () => {
    for (const { x, y, robinHood } of fixtures.lines) {
      expect(testTwoLines(x, y).breakPoint).toBeCloseTo(robinHood, 8);
      const mirrored = testTwoLines(
        x.map((value) => 8 - value),
        y,
      );
      expect(mirrored.breakPoint).toBeCloseTo(8 - robinHood, 8);
    }
  });

  it("does not depend on units", () => {
    const ys = respond((x) => Math.abs(x - 3), 0.7, 4);
    const plain = testTwoLines(doses, ys);
    const scales = fc.double({ min: 0.1, max: 10, noNaN: true });
    const shifts = fc.double({ min: -50, max: 50, noNaN: true });
    fc.assert(
      fc.property(scales, shifts, scales, shifts, (scaleX, shiftX, scaleY, shiftY) => {
        const moved = testTwoLines(
          doses.map((x) => scaleX * x + shiftX),
          ys.map((y) => scaleY * y + shiftY),
        );
        expect(moved.shape).toBe(plain.shape);
        expect(moved.pValue).toBeCloseTo(plain.pValue, 6);
        expect((moved.breakPoint - shiftX) / scaleX).toBeCloseTo(plain.breakPoint, 6);
      }),
      { seed: 1, numRuns: 40 },
    );
  });

  it("says what is missing", () => {
    expect(() => testTwoLines([1, 2, 3], [1, 2, 3])).toThrow(/xs: 3 given, at least 8/);
    expect(() => testTwoLines([1, 1, 1, 2, 2, 2, 3, 3], [1, 2, 3, 4, 5, 6, 7, 8])).toThrow(/different xs: 3/);
    expect(() => testTwoLines(doses, doses.slice(1))).toThrow(
      expect.objectContaining({ code: "ERR_SHAPE_MISMATCH" }),
    );
    expect(() => testTwoLines(doses, respond(Math.abs, 1), { breakPoint: 0 })).toThrow(
      /different xs left of the break point 0: 1 given, at least 2/,
    );
  });
});
