import type { FloatArray } from "../data/image-set.js";
import { requireCount } from "../statistics/check.js";
import { requireFinite } from "./check.js";
import { dot, transpose } from "./dot.js";

export interface PowerSpectrum {
  /** Of every bin, in cycles a latent pixel: below 0.5, the Nyquist frequency. */
  frequencies: number[];
  /** Mean power of a coefficient in every bin, every channel divided by its variance, mean over the channels. White noise: 1. */
  power: number[];
  /** Of `log power` over `log frequency`: 0 for white noise, about -2 for natural images. NaN where all is constant. */
  slope: number;
  /** The slope of every channel; NaN for constant ones. */
  slopePerChannel: number[];
}

/**
 * How the variance of latents is spread over spatial frequencies. Much power at high frequencies makes latents hard to diffuse
 * (Skorokhodov et al. 2025, arXiv:2502.14831). By the orthonormal discrete cosine transform, whose mirrored edges make no
 * jump that would look like high frequencies; coefficients are gathered in rings round frequency 0, which is left out.
 *
 * @param latents `[count, height, width, channels]`, at least three pixels along one side
 * @throws DataError `ERR_TOO_FEW_SAMPLES`, `ERR_SHAPE_MISMATCH`, `ERR_NOT_FINITE`
 */
export function powerSpectrum(latents: FloatArray): PowerSpectrum {
  requireFinite("latents", latents, ["count", "height", "width", "channels"]);
  const [count, height, width, channels] = latents.shape as [number, number, number, number];
  const longest = Math.max(height, width);
  requireCount("latents", count * channels, 1);
  requireCount("pixels on the latents' longer side", longest, 3);
  const rings = longest - 1;
  /** The ring of every coefficient; 0 is the mean alone, and the corners beyond the last ring are left out. */
  const ringOf = Uint16Array.from({ length: height * width }, (_, place) =>
    Math.round(longest * Math.hypot(Math.floor(place / width) / height, (place % width) / width)),
  );
  const members = new Float64Array(2 * longest);
  for (const ring of ringOf) members[ring] = (members[ring] as number) + 1;
  const frequencies = Array.from({ length: rings }, (_, index) => (index + 1) / (2 * longest));
  const perChannel = Array.from({ length: channels }, (_, channel) => {
    const sums = new Float64Array(2 * longest);
    for (const plane of centredPlanes(latents, channel)) {
      const coefficients = cosineTransform(plane, height, width);
      for (const [place, ring] of ringOf.entries()) {
        sums[ring] = (sums[ring] as number) + (coefficients[place] as number) ** 2;
      }
    }
    const all = sums.reduce((sum, power, ring) => (ring === 0 ? sum : sum + power), 0);
    const average = all / (height * width - 1);
    return frequencies.map(
      (_, index) => (sums[index + 1] as number) / (members[index + 1] as number) / average,
    );
  });
  const varied = perChannel.filter((power) => power.every(Number.isFinite));
  const power = frequencies.map(
    (_, ring) => varied.reduce((sum, values) => sum + (values[ring] as number), 0) / varied.length,
  );
  return {
    frequencies,
    power,
    slope: logSlope(frequencies, power),
    slopePerChannel: perChannel.map((values) => logSlope(frequencies, values)),
  };
}

/** The channel less its mean over all pictures: that of a constant one is 0 exactly, and so is its power. */
function centredPlanes({ data, shape }: FloatArray, channel: number): Float64Array[] {
  const [count, height, width, channels] = shape as [number, number, number, number];
  const values = Float64Array.from(
    { length: count * height * width },
    (_, place) => data[place * channels + channel] as number,
  );
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const centred = values.map((value) => value - mean);
  return Array.from({ length: count }, (_, picture) =>
    centred.subarray(picture * height * width, (picture + 1) * height * width),
  );
}

/** Orthonormal two-dimensional DCT-II. */
export function cosineTransform(plane: Float64Array, height: number, width: number): Float64Array {
  const rows = transformRows(plane, width);
  return transpose(transformRows(transpose(rows, height, width), height), width, height);
}

function transformRows(plane: Float64Array, length: number): Float64Array {
  const result = new Float64Array(plane.length);
  const basis = cosines(length);
  for (let start = 0; start < plane.length; start += length) {
    for (let frequency = 0; frequency < length; frequency++) {
      result[start + frequency] = dot(basis, frequency * length, plane, start, length);
    }
  }
  return result;
}

const knownCosines = new Map<number, Float64Array>();

function cosines(length: number): Float64Array {
  const known = knownCosines.get(length);
  if (known) return known;
  const basis = Float64Array.from({ length: length ** 2 }, (_, place) => {
    const [frequency, index] = [Math.floor(place / length), place % length];
    const scale = Math.sqrt((frequency === 0 ? 1 : 2) / length);
    return scale * Math.cos((Math.PI * (index + 0.5) * frequency) / length);
  });
  knownCosines.set(length, basis);
  return basis;
}

/** Slope of the least-squares line through the logarithms. Rings without any power have no logarithm: left out. */
function logSlope(frequencies: number[], power: number[]): number {
  const points = frequencies
    .map((frequency, ring) => [Math.log(frequency), Math.log(power[ring] as number)] as const)
    .filter(([, y]) => Number.isFinite(y));
  const centreX = points.reduce((sum, [x]) => sum + x, 0) / points.length;
  const centreY = points.reduce((sum, [, y]) => sum + y, 0) / points.length;
  const spread = points.reduce((sum, [x]) => sum + (x - centreX) ** 2, 0);
  return points.reduce((sum, [x, y]) => sum + (x - centreX) * (y - centreY), 0) / spread;
}
