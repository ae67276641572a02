import { setImmediate as nextTurn } from "node:timers/promises";
import * as tf from "@tensorflow/tfjs-core";
import { type ImageSource, readEach, sourceOf } from "../data/batches/source.js";
import { type FloatArray, type ImageSet, type Pictures, toPixels, toTensor } from "../data/image-set.js";
import { requireMatchingImages } from "../data/match.js";
import { DataError } from "../errors.js";
import { createNoise, noiseStarts } from "../noise.js";
import { requireInteger } from "../options.js";
import { createRandom } from "../random.js";
import { passBottleneck } from "./bottleneck/bottleneck.js";
import { kl } from "./bottleneck/posterior.js";
import { type Codec, latentShape } from "./codec.js";
import type { Posterior } from "./encoder.js";

/** Pictures or latents that pass through the model at a time: bounds the memory, not the result. */
interface BatchOptions {
  batchSize?: number;
}

/** Latents on the host, both `[count, height / f, width / f, latentChannels]`. */
export interface EncodedImages {
  /**
   * What the decoder gets of each picture where nothing is drawn: the posterior's mean, after the bottleneck's
   * bounds.
   */
  mean: FloatArray;
  /**
   * Standard deviation of the latents of one picture: `exp(logvar / 2)` for a variational autoencoder, to first order
   * where the bottleneck bends the latents after they were drawn, and 0 where it draws nothing. Of several stages
   * that draw, the deviation of their sum.
   */
  sigma: FloatArray;
  /**
   * There and true where the latents of one picture are not normal with this mean and sigma: the bottleneck bends them
   * after they were drawn, or draws with a random strength. `drawLatents` is exact there.
   */
  approximate?: boolean;
}

/**
 * Encodes a set of pictures.
 *
 * @param images in memory, or a source such as `openImageFolder`, of which a batch is read at a time
 * @returns mean and standard deviation of the latents, both `[count, height / f, width / f, latentChannels]`
 * @throws DataError `ERR_SHAPE_MISMATCH` for pictures of another size than the model's, or none; what reading them throws;
 *   ConfigError for a batchSize out of range
 */
export async function encodeImages(
  model: Codec,
  images: ImageSet | ImageSource,
  { batchSize = 64 }: BatchOptions = {},
): Promise<EncodedImages> {
  requireMatchingImages(model, images);
  const [mean, sigma] = await encodeBatches(model, images, batchSize, 2, (posterior) => {
    if (!model.bottleneck) return [posterior.mean, tf.exp(tf.mul(posterior.logvar, 0.5))];
    const { latents, sigma } = passBottleneck(model.bottleneck, posterior);
    return [latents, sigma ?? tf.zerosLike(latents)];
  });
  const approximate = hasApproximatePosterior(model, images) && { approximate: true };
  return { mean: mean as FloatArray, sigma: sigma as FloatArray, ...approximate };
}

/** Whether only a draw gives the latents exactly: asks the bottleneck alone, with zeros for one picture's posterior. */
export function hasApproximatePosterior(model: Codec, images: Pick<ImageSet, "shape">): boolean {
  const { bottleneck } = model;
  if (!bottleneck) return false;
  return tf.tidy(() => {
    const zeros = tf.zeros([1, ...latentShape(model, images.shape)]) as tf.Tensor4D;
    return passBottleneck(bottleneck, { mean: zeros, logvar: zeros }).approximate;
  });
}

/**
 * One draw of every picture's latents, exactly as the model's bottleneck makes them, without its perturbations: what
 * a diffusion model is trained on. (`sampleLatents` draws from `encodeImages`' numbers, which is the same where
 * these are not `approximate`.)
 *
 * @param images in memory, or a source
 * @param options.seed of the noise
 * @returns `[count, height / f, width / f, latentChannels]`
 * @throws what `encodeImages` throws
 */
export async function drawLatents(
  model: Codec,
  images: ImageSet | ImageSource,
  { batchSize = 64, seed = 0 }: BatchOptions & { seed?: number } = {},
): Promise<FloatArray> {
  requireMatchingImages(model, images);
  const noise = createNoise(seed, noiseStarts.latents);
  try {
    const stages = model.bottleneck ?? [kl({ weight: 0 })];
    const [latents] = await encodeBatches(model, images, batchSize, 1, (posterior) => [
      passBottleneck(stages, posterior, { noise }).latents,
    ]);
    return latents as FloatArray;
  } finally {
    noise.dispose();
  }
}

/** Encodes batch by batch and collects `results` tensors of the latents' shape. */
async function encodeBatches(
  model: Codec,
  images: ImageSet | ImageSource,
  batchSize: number,
  results: number,
  work: (posterior: Posterior) => tf.Tensor[],
): Promise<FloatArray[]> {
  const source = sourceOf(images);
  const shape = [images.count, ...latentShape(model, images.shape)];
  const collected = Array.from({ length: results }, () => emptyFloats(shape));
  await forEachBatch(images.count, batchSize, async (start, count) => {
    const batch = await readBatch(source, start, count);
    const tensors = tf.tidy(() => work(model.encode(toTensor(batch))));
    for (const [index, values] of (await readAndDispose(tensors)).entries()) {
      const { data } = collected[index] as FloatArray;
      data.set(values, (start * data.length) / images.count);
    }
  });
  return collected;
}

async function readBatch(source: ImageSource, start: number, count: number): Promise<ImageSet> {
  const size = source.shape.reduce((product, length) => product * length, 1);
  const pixels = new Uint8Array(count * size);
  await readEach(source, range(start, count), (picture, place) => pixels.set(picture, place * size));
  return { count, shape: source.shape, pixels };
}

/**
 * Decodes latents to pictures.
 *
 * @param latents `[count, height / f, width / f, latentChannels]`
 * @returns pictures `[count, height, width, imageChannels]`, 0..255
 * @throws DataError `ERR_SHAPE_MISMATCH` for latents of another shape than the model's
 */
export async function decodeLatents(
  model: Codec,
  latents: FloatArray,
  { batchSize = 64 }: BatchOptions = {},
): Promise<Pictures> {
  const { count, height, width } = requireMatchingLatents(model, latents);
  const { latentChannels, downsampling, imageChannels } = model;
  const latentSize = height * width * latentChannels;
  const pictureShape = [height * downsampling, width * downsampling, imageChannels] as const;
  const pictureSize = pictureShape[0] * pictureShape[1] * imageChannels;
  const data = new Uint8Array(count * pictureSize);
  await forEachBatch(count, batchSize, async (start, batch) => {
    const values = latents.data.subarray(start * latentSize, (start + batch) * latentSize);
    const results = tf.tidy(() => [
      model.decode(tf.tensor4d(values, [batch, height, width, latentChannels])),
    ]);
    const [decoded] = await readAndDispose(results);
    data.set(toPixels(decoded as Float32Array), start * pictureSize);
  });
  return { data, shape: [count, ...pictureShape] };
}

/**
 * What the decoder makes of the posterior means of the pictures.
 *
 * @returns pictures `[count, height, width, imageChannels]`, 0..255
 * @throws what `encodeImages` throws
 */
export async function reconstruct(
  model: Codec,
  images: ImageSet | ImageSource,
  options: BatchOptions = {},
): Promise<Pictures> {
  const { mean } = await encodeImages(model, images, options);
  return decodeLatents(model, mean, options);
}

/**
 * One sample of every posterior, `mean + sigma * noise`: what a diffusion model is trained on.
 *
 * @param encoded of `encodeImages`, both `[count, height / f, width / f, latentChannels]`
 * @returns the shape of `mean`
 * @throws ConfigError for another seed
 */
export function sampleLatents(
  { mean, sigma }: EncodedImages,
  { seed = 0 }: { seed?: number } = {},
): FloatArray {
  const data = createRandom(seed).fillNormal(new Float32Array(mean.data.length));
  for (let index = 0; index < data.length; index++) {
    data[index] = (mean.data[index] as number) + (sigma.data[index] as number) * (data[index] as number);
  }
  return { data, shape: [...mean.shape] };
}

/** Throws DataError `ERR_SHAPE_MISMATCH` unless the model decodes latents of this shape. */
export function requireMatchingLatents(model: Codec, latents: FloatArray) {
  const { imageSize, downsampling, latentChannels } = model;
  const [count = 0, height = 0, width = 0] = latents.shape;
  const side = imageSize === undefined ? undefined : imageSize / downsampling;
  const wanted = [count, side ?? height, side ?? width, latentChannels];
  const size = wanted.reduce((product, length) => product * length, 1);
  if (latents.shape.join() === wanted.join() && latents.data.length === size) return { count, height, width };
  const sides = side === undefined ? "height, width" : `${side}, ${side}`;
  throw new DataError(
    "ERR_SHAPE_MISMATCH",
    `The model decodes latents of shape [count, ${sides}, ${latentChannels}], these are [${latents.shape.join(", ")}] with ${latents.data.length} values.`,
  );
}

function emptyFloats(shape: number[]): FloatArray {
  return { data: new Float32Array(shape.reduce((product, length) => product * length, 1)), shape };
}

function range(start: number, count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, index) => start + index);
}

/** Calls `work` for one batch after another, with a turn of the event loop in between. */
async function forEachBatch(
  total: number,
  batchSize: number,
  work: (start: number, count: number) => Promise<void>,
): Promise<void> {
  requireInteger("batchSize", batchSize, 1);
  for (let start = 0; start < total; start += batchSize) {
    await work(start, Math.min(batchSize, total - start));
    await nextTurn();
  }
}

async function readAndDispose(tensors: tf.Tensor[]): Promise<Float32Array[]> {
  try {
    return await Promise.all(tensors.map((tensor) => tensor.data() as Promise<Float32Array>));
  } finally {
    tf.dispose(tensors);
  }
}
