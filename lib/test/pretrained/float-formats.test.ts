import path from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
} from "../../src/safetensors/float-formats.js";
import { openSafetensors } from "../../src/safetensors/index.js";
import { fixtures } from "./helpers.js";

const everyPattern = Uint16Array.from({ length: 0x10000 }, (_, index) => index);
const isNotANumber = (bits: number, infinity: number) => (bits & 0x7fff) > infinity;

it("rounds like PyTorch, ties and the edges of the range included", async () => {
  const source = await openSafetensors(path.join(fixtures, "rounding.safetensors"));
  const values = await source.readFloat32("values");
  expect(values.length).toBeGreaterThan(4000);
  const stored = async (name: string) => new Uint16Array((await source.readBytes(name)).buffer);
  expect(float32ToFloat16(values)).toEqual(await stored("f16"));
  expect(float32ToBfloat16(values)).toEqual(await stored("bf16"));
  await source.close();
});

it.each([
  ["float16", float16ToFloat32, float32ToFloat16, 0x7c00],
  ["bfloat16", bfloat16ToFloat32, float32ToBfloat16, 0x7f80],
] as const)("%s: every number survives the way to float32 and back", (_, widen, narrow, infinity) => {
  const numbers = everyPattern.filter((bits) => !isNotANumber(bits, infinity));
  expect(narrow(widen(numbers))).toEqual(numbers);
  const others = everyPattern.filter((bits) => isNotANumber(bits, infinity));
  expect(widen(others).every(Number.isNaN)).toBe(true);
  expect(narrow(widen(others)).every((bits) => isNotANumber(bits, infinity))).toBe(true);
});

it("float16 has its known values", () => {
  const known = [0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400, 0x3555, 0x8000, 0x7c00];
  const values = [1, -2, 65504, 2 ** -24, 2 ** -14, 0.333251953125, -0, Number.POSITIVE_INFINITY];
  expect([...float16ToFloat32(Uint16Array.from(known))]).toEqual(values);
});

it.each([
  ["float16", float16ToFloat32, float32ToFloat16],
  ["bfloat16", bfloat16ToFloat32, float32ToBfloat16],
] as const)("%s: no neighbour is nearer than the number that was rounded to", (_, widen, narrow) => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true, min: -60000, max: 60000 }), (value) => {
      const bits = narrow(Float32Array.of(value))[0] as number;
      const distance = (pattern: number) =>
        Math.abs((widen(Uint16Array.of(pattern))[0] as number) - Math.fround(value));
      for (const neighbour of [bits - 1, bits + 1]) {
        if ((neighbour & 0x7fff) === 0x7fff || neighbour < 0) continue;
        expect(distance(bits)).toBeLessThanOrEqual(distance(neighbour));
      }
    }),
    { numRuns: 500 },
  );
});
