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

it("refuses posteriors without a finite divergence, and what does not fit", () => {
  const good = floats([0, 0, 0, 0]);
  const ones = floats([1, 1, 1, 1]);
  for (const [mean, sigma, sentence] of [
    [floats([0, Number.NaN, 0, 0]), ones, /^mean: 1 of 4 values are NaN or infinite/],
    [good, floats([1, 1, Number.POSITIVE_INFINITY, 1]), /^sigma: 1 of 4 values/],
    [good, floats([1, 0, -1, 1]), /^2 of 4 sigmas are 0 or below/],
  ] as const) {
    expect(() => klRate({ mean, sigma })).toThrow(
      expect.objectContaining({
        name: "DataError",
        code: "ERR_NOT_FINITE",
        message: expect.stringMatching(sentence),
      }),
    );
  }
  const normal = { mean: good, sigma: ones };
  expect(klRate({ ...normal, approximate: false })).toBe(0);
  expect(() => klRate({ ...normal, approximate: true })).toThrow(
    expect.objectContaining({ name: "DataError", code: "ERR_NOT_GAUSSIAN" }),
  );
  const other = { data: Float32Array.of(1, 1), shape: [2, 1, 1, 1] };
  expect(() => klRate({ mean: good, sigma: other })).toThrow(
    expect.objectContaining({ code: "ERR_SHAPE_MISMATCH" }),
  );
  const none = { data: new Float32Array(0), shape: [0, 1, 1, 2] };
  expect(() => klRate({ mean: none, sigma: none })).toThrow(
    expect.objectContaining({ code: "ERR_TOO_FEW_SAMPLES" }),
  );
});
