import { requireInteger, requireNumber } from "../../options.js";
import { createRandom } from "../../random.js";
import { type FloatArray, type ImageSet, toPixels } from "../image-set.js";
import { createHartley } from "./hartley.js";

export interface GaussianFieldOptions {
  /** Height and width in pixels, at least 2. */
  size?: number;
  /** Standard deviation of every pixel. At 0.25 one pixel in 16,000 leaves [-1, 1]. */
  std?: number;
  /** How fast the spectrum falls: the variance of a wave is proportional to `(1 + (frequency * scale)^2)^-exponent`. */
  exponent?: number;
  /** Where the spectrum begins to fall, in pixels: waves much longer than 2 pi `scale` all have about the same variance. */
  scale?: number;
}

/** A stationary Gaussian distribution of grey pictures with periodic borders: everything about it is known. */
export interface GaussianField {
  size: number;
  /**
   * Eigenvalues of the covariance of the pixels, `[size, size]` by vertical and horizontal frequency: the variance of
   * every coefficient of the (orthonormal) Hartley transform. Their sum is `size^2 std^2`.
   */
  spectrum: Float64Array;
  /** The coefficients `[size, size]` of a picture `[size, size]`, or the picture of coefficients: its own inverse. */
  transform: (values: ArrayLike<number>) => Float64Array;
}

/**
 * A distribution of textures whose optimal linear autoencoder and denoiser are known in closed form; see
 * `optimalLinearVae` and `denoiseField`. The spectrum is a Matérn one (Whittle 1954): smooth, and never zero.
 *
 * @throws ConfigError for an option out of range
 */
export function gaussianField({
  size = 16,
  std = 0.25,
  exponent = 2,
  scale = 1.5,
}: GaussianFieldOptions = {}): GaussianField {
  requireInteger("size", size, 2);
  requireNumber("std", std, 0, true);
  requireNumber("exponent", exponent, 0);
  requireNumber("scale", scale, 0);
  const spectrum = Float64Array.from({ length: size * size }, (_, index) => {
    const vertical = angularFrequency(Math.floor(index / size), size);
    const horizontal = angularFrequency(index % size, size);
    return (1 + (vertical ** 2 + horizontal ** 2) * scale ** 2) ** -exponent;
  });
  const total = spectrum.reduce((sum, value) => sum + value, 0);
  return {
    size,
    spectrum: spectrum.map((value) => (value / total) * (size * std) ** 2),
    transform: createHartley(size),
  };
}

/** In radians a pixel; index `size - k` is the wave of index `k` that runs the other way. */
function angularFrequency(index: number, size: number): number {
  return (2 * Math.PI * Math.min(index, size - index)) / size;
}

/**
 * Draws textures: independent coefficients with the spectrum's variances, transformed to pixels.
 *
 * @param options.seed the same seed gives the same textures; a larger `count` only appends to them
 * @returns `[count, size, size, 1]`, exactly Gaussian up to the rounding to 32 bits
 * @throws ConfigError for an option out of range
 */
export function sampleField(
  { size, spectrum, transform }: GaussianField,
  { count, seed = 0 }: { count: number; seed?: number },
): FloatArray {
  requireInteger("count", count, 1);
  const random = createRandom(seed);
  const data = new Float32Array(count * size * size);
  for (let index = 0; index < count; index++) {
    const coefficients = spectrum.map((variance) => Math.sqrt(variance) * random.normal());
    data.set(transform(coefficients), index * size * size);
  }
  return { data, shape: [count, size, size, 1] };
}

/**
 * Textures as 8-bit pictures, to train on. Rounding adds a variance of (2/255)^2 / 12 = 5e-6 to every pixel, and what
 * lies outside of [-1, 1] is clamped; closed forms hold up to that.
 *
 * @param samples `[count, size, size, 1]`, from `sampleField`
 */
export function fieldPictures(samples: FloatArray): ImageSet {
  const [count = 0, height = 0, width = 0] = samples.shape;
  return { count, shape: [height, width, 1], pixels: toPixels(samples.data) };
}
