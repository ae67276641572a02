import { describe, expect, test } from "vitest";
import { colourTable, roundUpToTick, signedEntry, tableSize } from "../src/shared/colour-map.js";

/** Lightness in OKLab (Ottosson 2020), 0 to 1. */
function lightness(red: number, green: number, blue: number): number {
  const [r, g, b] = [red, green, blue].map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  const long = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const medium = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const short = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return 0.2104542553 * long + 0.793617785 * medium - 0.0040720468 * short;
}

function entryOf(table: Uint8Array, entry: number): [number, number, number] {
  return [...table.subarray(3 * entry, 3 * entry + 3)] as [number, number, number];
}

describe.each(["light", "dark"] as const)("the signed map in the %s theme", (theme) => {
  const table = colourTable("signed", theme);

  test("zero has the colour of the page", () => {
    const [red, green, blue] = entryOf(table, signedEntry(0, 3));
    expect(new Set([red, green, blue]).size).toBe(1);
    expect(Math.abs(red - (theme === "light" ? 0xf6 : 0x1e))).toBe(0);
  });

  test("both signs are equally light at equal distance from zero", () => {
    for (const share of [0.1, 0.2, 0.35, 0.5, 0.75, 0.9, 1]) {
      const negative = lightness(...entryOf(table, signedEntry(-share, 1)));
      const positive = lightness(...entryOf(table, signedEntry(share, 1)));
      expect(Math.abs(negative - positive)).toBeLessThan(0.02);
    }
  });

  test("negative is blue, positive orange-brown, and departure from zero is monotonous", () => {
    const [red, , blue] = entryOf(table, signedEntry(-0.8, 1));
    const [redPositive, , bluePositive] = entryOf(table, signedEntry(0.8, 1));
    expect(blue).toBeGreaterThan(red);
    expect(redPositive).toBeGreaterThan(bluePositive);
    const steps = [0, 0.2, 0.4, 0.6, 0.8, 1].map((share) =>
      lightness(...entryOf(table, signedEntry(share, 1))),
    );
    const sign = theme === "light" ? -1 : 1;
    for (let index = 1; index < steps.length; index++) {
      expect(sign * ((steps[index] ?? 0) - (steps[index - 1] ?? 0))).toBeGreaterThan(0.05);
    }
  });
});

test("values outside the range take the end's colour, NaN zero's", () => {
  expect(signedEntry(-9, 3)).toBe(0);
  expect(signedEntry(9, 3)).toBe(tableSize - 1);
  expect(signedEntry(Number.POSITIVE_INFINITY, 3)).toBe(tableSize - 1);
  expect(signedEntry(Number.NaN, 3)).toBe(signedEntry(0, 3));
  expect(signedEntry(1, 0)).toBe(signedEntry(0, 1));
});

test("a range ends at a tick that is not below the largest value", () => {
  expect(roundUpToTick(2.64)).toBe(3);
  expect(roundUpToTick(3)).toBe(3);
  expect(roundUpToTick(3.01)).toBe(4);
  expect(roundUpToTick(0.021)).toBe(0.024);
  expect(roundUpToTick(17)).toBe(20);
  expect(roundUpToTick(0)).toBe(1);
  expect(roundUpToTick(Number.NaN)).toBe(1);
});
