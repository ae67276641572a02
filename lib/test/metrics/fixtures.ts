import { readFileSync } from "node:fs";
import type { FloatArray } from "../../src/data/image-set.js";

interface Fixtures {
  ssim: { seed: number; shape: [number, number, number]; strength: number; ssim: number }[];
  frechet: { first: [number, number]; second: [number, number]; distance: number }[];
  eigenvalues: number[];
  kid: number;
  covariance: number[];
  moments: { std: number; skewness: number; kurtosis: number };
  cosineTransform: number[];
  velocity: { latents: number[]; times: number[]; variances: number[] };
}

/** Reference values from scikit-image, scipy, torch-fidelity and clean-fid; `make-fixtures.py` makes them. */
export const fixtures = JSON.parse(
  readFileSync(new URL("fixtures.json", import.meta.url), "utf8"),
) as Fixtures;

/** The generator of make-fixtures.py: the upper bytes of a linear congruential sequence. */
export function randomBytes(seed: number, count: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length: count }, () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

/** Numbers in [-1, 1), the same as in make-fixtures.py, then mapped. */
export function floats(seed: number, shape: number[], map = (value: number) => value): FloatArray {
  const bytes = randomBytes(
    seed,
    shape.reduce((product, length) => product * length, 1),
  );
  return { data: Float32Array.from(bytes, (byte) => map(byte / 128 - 1)), shape };
}
