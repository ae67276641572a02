import { expect, it } from "vitest";
import { klRate } from "../../src/metrics/rate.js";

const floats = (values: number[]) => ({ data: Float32Array.from(values), shape: [2, 1, 1, 2] });

it("is nothing for the prior itself", () => {
  expect(klRate({ mean: floats([0, 0, 0, 0]), sigma: floats([1, 1, 1, 1]) })).toBe(0);
});

it("sums over a picture's latents and averages over pictures", () => {
  // 1/2 (mean^2 + sigma^2 - 1 - ln sigma^2): 2 for mean 2, sigma 1; 1/2 (1/4 - 1 + ln 4) for mean 0, sigma 1/2.
  const rate = klRate({ mean: floats([2, 0, 0, 0]), sigma: floats([1, 0.5, 1, 1]) });
  expect(rate).toBeCloseTo((2 + (0.25 - 1 + Math.log(4)) / 2) / 2, 6);
});
