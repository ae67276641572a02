import { describe, expect, it } from "vitest";
import { ConfigError, createRandom } from "../src/index.js";

describe("createRandom", () => {
  const draw = (seed: number) => {
    const random = createRandom(seed);
    return [random.uniform(), random.normal(), random.integer(0, 1000), ...random.shuffle([1, 2, 3, 4, 5])];
  };

  it("repeats itself for a seed and differs between neighbouring seeds", () => {
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it("is not correlated between neighbouring seeds", () => {
    const first = Float64Array.from({ length: 4000 }, (_, seed) => createRandom(seed).uniform());
    let product = 0;
    for (let seed = 1; seed < first.length; seed++) {
      product += ((first[seed - 1] as number) - 0.5) * ((first[seed] as number) - 0.5);
    }
    const correlation = product / first.length / (1 / 12);
    expect(Math.abs(correlation)).toBeLessThan(4 / Math.sqrt(first.length)); // four standard errors
  });

  it("draws normal numbers with the moments of N(0, 1)", () => {
    const values = createRandom(1).fillNormal(new Float32Array(100_000));
    const moment = (power: number) => values.reduce((sum, value) => sum + value ** power, 0) / values.length;
    expect(moment(1)).toBeCloseTo(0, 1);
    expect(moment(2)).toBeCloseTo(1, 1);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.15);
  });

  it("draws integers between both bounds, and shuffles without losing any", () => {
    const random = createRandom(3);
    const drawn = new Set(Array.from({ length: 200 }, () => random.integer(2, 5)));
    expect([...drawn].sort()).toEqual([2, 3, 4, 5]);
    const order = random.shuffle(Uint32Array.from({ length: 50 }, (_, index) => index));
    expect([...order]).not.toEqual([...order].sort((a, b) => a - b));
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index));
  });

  it("refuses a seed that is no whole number", () => {
    expect(() => createRandom(0.5)).toThrow(ConfigError);
    expect(() => createRandom(-1)).toThrow(/seed/);
  });
});
