import { expect, test } from "vitest";
import {
  formatCount,
  formatDuration,
  formatNumber,
  formatQuantity,
  formatShare,
  formatSigned,
  formatTick,
} from "../src/shared/format.js";

test.each([
  [-1.5, 2, "−1.50"],
  [1.5, 1, "1.5"],
  [-0.001, 2, "0.00"],
  [Number.NaN, 2, "not a number"],
  [Number.POSITIVE_INFINITY, 1, "∞"],
  [Number.NEGATIVE_INFINITY, 1, "−∞"],
])("number %d with %d decimals: %s", (value, decimals, expected) => {
  expect(formatNumber(value, decimals)).toBe(expected);
});

test.each([
  [1.5, "+1.50"],
  [-1.5, "−1.50"],
  [0, "\u20070.00"],
  [-0.001, "\u20070.00"],
])("signed %d: %s", (value, expected) => {
  expect(formatSigned(value)).toBe(expected);
});

test.each([
  [0.0015, "1.5 × 10⁻³"],
  [61.12, "61.1"],
  [0.8, "0.800"],
  [123456, "1.2 × 10⁵"],
  [0, "0"],
  [-0.00002, "−2.0 × 10⁻⁵"],
])("quantity %d: %s", (value, expected) => {
  expect(formatQuantity(value)).toBe(expected);
});

test("shares, durations, counts and ticks", () => {
  expect(formatShare(0.3173)).toBe("31.7 %");
  expect(formatDuration(7_400)).toBe("0:07");
  expect(formatDuration(750_000)).toBe("12:30");
  expect(formatDuration(3_723_000)).toBe("1:02:03");
  expect(formatCount(2400)).toBe("2400");
  expect(formatCount(20_000)).toBe("20\u2009000");
  expect(formatTick(-1.5, 1.5)).toBe("−1.5");
  expect(formatTick(3, 3)).toBe("+3");
  expect(formatTick(0, 0.25)).toBe("0");
  expect(formatTick(0.25, 0.25)).toBe("+0.25");
});
