import { requireNumber } from "../../options.js";
import type { FloatArray } from "../image-set.js";
import type { GaussianField } from "./gaussian-field.js";

/**
 * A noisy picture is `signal x + noise e` with e ~ N(0, 1): rectified flow at time t has `{ signal: 1 - t, noise: t }`,
 * EDM `{ signal: 1, noise: sigma }`, a variance-preserving diffusion `{ signal: alpha, noise: sqrt(1 - alpha^2) }`.
 */
export interface Corruption {
  /** 0 or more. */
  signal: number;
  /** Above 0. */
  noise: number;
}

/**
 * The best denoiser there is for a Gaussian field, E[x | noisy]: the Wiener filter (Wiener 1949, "Extrapolation,
 * Interpolation, and Smoothing of Stationary Time Series"), which multiplies every coefficient by
 * `signal eigenvalue / (signal^2 eigenvalue + noise^2)`.
 *
 * @param noisy `[count, size, size, 1]`
 * @returns the same shape
 * @throws ConfigError for a corruption out of range
 */
export function denoiseField(field: GaussianField, noisy: FloatArray, corruption: Corruption): FloatArray {
  const gains = field.spectrum.map((eigenvalue) => gainOf(eigenvalue, corruption));
  const size = field.size ** 2;
  const data = new Float32Array(noisy.data.length);
  for (let start = 0; start < data.length; start += size) {
    const coefficients = field.transform(noisy.data.subarray(start, start + size));
    data.set(field.transform(coefficients.map((value, index) => value * (gains[index] as number))), start);
  }
  return { data, shape: noisy.shape };
}

/**
 * The squared error of the best denoiser, mean a picture (summed over its pixels): nothing does better. For each direction
 * `eigenvalue noise^2 / (signal^2 eigenvalue + noise^2)`, the error of the Wiener filter of `denoiseField`.
 *
 * @throws ConfigError for a corruption out of range
 */
export function denoisingError(eigenvalues: ArrayLike<number>, corruption: Corruption): number {
  requireCorruption(corruption);
  const { signal, noise } = corruption;
  return Array.from(eigenvalues).reduce((sum, eigenvalue) => {
    return sum + (eigenvalue * noise ** 2) / (signal ** 2 * eigenvalue + noise ** 2);
  }, 0);
}

/**
 * What remains of the loss of a perfect rectified flow (Liu et al. 2022, arXiv:2209.03003) at time t, mean a picture:
 * the variance of the velocity `e - x` given `(1 - t) x + t e`, which is `eigenvalue / ((1 - t)^2 eigenvalue + t^2)`
 * summed over all directions.
 *
 * @param time in (0, 1]
 * @throws ConfigError for a time out of (0, 1]
 */
export function velocityVariance(eigenvalues: ArrayLike<number>, time: number): number {
  requireNumber("time", time, 0, true);
  requireNumber("1 - time", 1 - time, 0);
  return Array.from(eigenvalues).reduce((sum, eigenvalue) => {
    return sum + eigenvalue / ((1 - time) ** 2 * eigenvalue + time ** 2);
  }, 0);
}

function gainOf(eigenvalue: number, corruption: Corruption): number {
  requireCorruption(corruption);
  const { signal, noise } = corruption;
  return (signal * eigenvalue) / (signal ** 2 * eigenvalue + noise ** 2);
}

function requireCorruption({ signal, noise }: Corruption): void {
  requireNumber("signal", signal, 0);
  requireNumber("noise", noise, 0, true);
}
