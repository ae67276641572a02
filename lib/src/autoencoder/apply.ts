import { setImmediate as nextTurn } from "node:timers/promises";
import * as tf from "@tensorflow/tfjs-core";
import { type FloatArray, type ImageSet, type Pictures, toPixels, toTensor } from "../data/image-set.js";
import { requireMatchingImages } from "../data/match.js";
import { DataError } from "../errors.js";
import { requireInteger } from "../options.js";
import { createRandom } from "../random.js";
import type { Autoencoder } from "./autoencoder.js";

/** Pictures or latents that pass through the model at a time: bounds the memory, not the result. */
interface BatchOptions {
  batchSize?: number;
}

/** Posteriors on the host, both `[count, height / f, width / f, latentChannels]`. */
export interface EncodedImages {
  mean: FloatArray;
  /** Standard deviation, `exp(logvar / 2)`. */
  sigma: FloatArray;
}

/**
 * Encodes a set of pictures.
 *
 * @throws DataError `ERR_SHAPE_MISMATCH` for pictures of another size than the model's
 */
export async function encodeImages(
  model: Autoencoder,
  images: ImageSet,
  { batchSize = 64 }: BatchOptions = {},
): Promise<EncodedImages> {
  requireMatchingImages(model, images);
  const shape = [images.count, ...latentShape(model)];
  const mean = emptyFloats(shape);
  const sigma = emptyFloats(shape);
  await forEachBatch(images.count, batchSize, async (start, count) => {
    const results = tf.tidy(() => {
      const posterior = model.encode(toTensor(images, range(start, count)));
      return [posterior.mean, tf.exp(tf.mul(posterior.logvar, 0.5))];
    });
    const [means, sigmas] = await readAndDispose(results);
    mean.data.set(means as Float32Array, (start * mean.data.length) / images.count);
    sigma.data.set(sigmas as Float32Array, (start * sigma.data.length) / images.count);
  });
  return { mean, sigma };
}

/**
 * Decodes latents to pictures.
 *
 * @param latents `[count, height / f, width / f, latentChannels]`
 * @throws DataError `ERR_SHAPE_MISMATCH` for latents of another shape than the model's
 */
export async function decodeLatents(
  model: Autoencoder,
  latents: FloatArray,
  { batchSize = 64 }: BatchOptions = {},
): Promise<Pictures> {
  const shape = latentShape(model);
  const latentSize = shape[0] * shape[1] * shape[2];
  const [count = 0] = latents.shape;
  if (latents.shape.join() !== [count, ...shape].join() || latents.data.length !== count * latentSize) {
    throw new DataError(
      "ERR_SHAPE_MISMATCH",
      `The model decodes latents of shape [count, ${shape.join(", ")}], these are [${latents.shape.join(", ")}] with ${latents.data.length} values.`,
    );
  }
  const { imageSize, imageChannels } = model.config;
  const pictureSize = imageSize * imageSize * imageChannels;
  const data = new Uint8Array(count * pictureSize);
  await forEachBatch(count, batchSize, async (start, batch) => {
    const values = latents.data.subarray(start * latentSize, (start + batch) * latentSize);
    const results = tf.tidy(() => [model.decode(tf.tensor4d(values, [batch, ...shape]))]);
    const [decoded] = await readAndDispose(results);
    data.set(toPixels(decoded as Float32Array), start * pictureSize);
  });
  return { data, shape: [count, imageSize, imageSize, imageChannels] };
}

/** What the decoder makes of the posterior means of the pictures. */
export async function reconstruct(
  model: Autoencoder,
  images: ImageSet,
  options: BatchOptions = {},
): Promise<Pictures> {
  const { mean } = await encodeImages(model, images, options);
  return decodeLatents(model, mean, options);
}

/** One sample of every posterior, `mean + sigma * noise`: what a diffusion model is trained on. */
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

function latentShape({ config }: Autoencoder): [height: number, width: number, channels: number] {
  const size = config.imageSize / config.downsampling;
  return [size, size, config.latentChannels];
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
