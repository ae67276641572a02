import * as tf from "@tensorflow/tfjs-core";
import { drawLatents, encodeImages, hasApproximatePosterior } from "../../autoencoder/apply.js";
import type { Codec } from "../../autoencoder/codec.js";
import type { ImageSource } from "../../data/batches/source.js";
import type { FloatArray, ImageSet } from "../../data/image-set.js";
import { requireMatchingImages } from "../../data/match.js";
import { DataError } from "../../errors.js";
import { requireFinite } from "../../metrics/check.js";
import { requireInteger } from "../../options.js";
import { type Standardisation, standardise, standardiseSpread } from "./standardise.js";
import { type LatentScales, measureScales } from "./statistics.js";

/** Latents of a set of pictures, encoded once: the posteriors, of which training draws. */
export interface LatentCache {
  /** `[count, height, width, channels]` */
  mean: FloatArray;
  /** Standard deviation of every value's posterior, of the same shape. */
  sigma: FloatArray;
  scales: LatentScales;
}

export interface CacheOptions {
  /** Pictures that are encoded at a time: bounds the memory. */
  batchSize?: number;
  /** Number of pictures from which the one scalar of `one-scalar` is measured; default: the first batch. */
  firstBatch?: number;
  /** Of the draw, where one has to be stored; default 0. */
  seed?: number;
}

/**
 * Encodes all pictures of a set and measures their scales: the latents on which the decoder was trained, without
 * perturbations of the training.
 *
 * It stores posteriors (`encodeImages`), of which every step of the training draws anew. Where the latents of one
 * picture are not normal - the bottleneck bends them after they were drawn, as `[kl(), scaledTanh()]` does, or draws
 * with a random strength, as `fixedSigma({ random: true })` - it stores one draw of every picture instead
 * (`drawLatents`), with zeros for `sigma`. For more draws, make caches of other seeds.
 *
 * @param images in memory, or a source such as `openImageFolder`: the latents alone have to fit into memory
 * @returns mean and sigma, both `[count, height, width, channels]`, and their scales
 * @throws what `encodeImages`, `drawLatents` and `makeLatentCache` throw
 */
export async function cacheLatents(
  model: Codec,
  images: ImageSet | ImageSource,
  { batchSize = 64, firstBatch = Math.min(batchSize, images.count), seed = 0 }: CacheOptions = {},
): Promise<LatentCache> {
  requireInteger("firstBatch", firstBatch, 1);
  requireMatchingImages(model, images);
  if (hasApproximatePosterior(model, images)) {
    return makeLatentCache(await drawLatents(model, images, { batchSize, seed }), undefined, { firstBatch });
  }
  const { mean, sigma } = await encodeImages(model, images, { batchSize });
  return makeLatentCache(mean, sigma, { firstBatch });
}

/**
 * A cache of latents that are there already.
 *
 * @param mean `[count, height, width, channels]`
 * @param sigma the same shape; default: zeros, for latents that have no spread or were drawn before
 * @throws DataError `ERR_NOT_FINITE` for latents that are no numbers, `ERR_SHAPE_MISMATCH`; ConfigError for a
 *   `firstBatch` that is more than there are
 */
export function makeLatentCache(
  mean: FloatArray,
  sigma: FloatArray = { data: new Float32Array(mean.data.length), shape: mean.shape },
  { firstBatch = Math.min(64, mean.shape[0] ?? 0) }: Pick<CacheOptions, "firstBatch"> = {},
): LatentCache {
  requireFinite("latents", mean, ["count", "height", "width", "channels"]);
  requireFinite("the latents' sigma", sigma, ["count", "height", "width", "channels"]);
  requireInteger("firstBatch", firstBatch, 1);
  requireInteger("number of latents less firstBatch", (mean.shape[0] as number) - firstBatch, 0);
  if (mean.shape.join() !== sigma.shape.join()) {
    const message = `The latents are [${mean.shape.join(", ")}], their sigma [${sigma.shape.join(", ")}]; both need the same shape.`;
    throw new DataError("ERR_SHAPE_MISMATCH", message);
  }
  return { mean, sigma, scales: measureScales(mean, sigma, firstBatch) };
}

/**
 * The cache on the scale on which diffusion works; its `scales` stay those of the encoder's latents.
 *
 * @param cache mean and sigma, both `[count, height, width, channels]`; the result's have this shape
 * @throws what `standardise` throws
 */
export function standardiseCache(
  { mean, sigma, scales }: LatentCache,
  standardisation: Standardisation,
): LatentCache {
  return {
    mean: standardise(mean, scales, standardisation),
    sigma: standardiseSpread(sigma, scales, standardisation),
    scales,
  };
}

/**
 * The posteriors of the samples at `indices` on the engine in use, both `[batch, height, width, channels]`.
 *
 * @throws DataError `ERR_INDEX_OUT_OF_RANGE`
 */
export function latentTensors(
  { mean, sigma }: LatentCache,
  indices: ArrayLike<number>,
): { mean: tf.Tensor4D; sigma: tf.Tensor4D } {
  return { mean: gather(mean, indices), sigma: gather(sigma, indices) };
}

/**
 * One draw of every posterior, `mean + sigma noise`: fresh noise a step is more data than one draw for all time.
 *
 * @param posteriors mean and sigma, both `[batch, height, width, channels]`, from `latentTensors`
 * @param noise standard normal, of the same shape
 * @returns the same shape
 */
export function drawPosterior(
  { mean, sigma }: { mean: tf.Tensor4D; sigma: tf.Tensor4D },
  noise: tf.Tensor4D,
): tf.Tensor4D {
  return tf.tidy(() => tf.add(mean, tf.mul(sigma, noise)) as tf.Tensor4D);
}

function gather({ data, shape }: FloatArray, indices: ArrayLike<number>): tf.Tensor4D {
  const [count = 0, height = 0, width = 0, channels = 0] = shape;
  const size = height * width * channels;
  const values = new Float32Array(indices.length * size);
  for (const [place, index] of Array.from(indices).entries()) {
    if (!Number.isInteger(index) || index < 0 || index >= count) {
      const message = `There is no sample ${index}: the cache has ${count}, counted from 0.`;
      throw new DataError("ERR_INDEX_OUT_OF_RANGE", message);
    }
    values.set(data.subarray(index * size, (index + 1) * size), place * size);
  }
  return tf.tensor4d(values, [indices.length, height, width, channels]);
}
