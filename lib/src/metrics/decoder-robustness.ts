import * as tf from "@tensorflow/tfjs-core";
import { decodeLatents, requireMatchingLatents } from "../autoencoder/apply.js";
import type { Codec } from "../autoencoder/codec.js";
import type { FloatArray, Pictures } from "../data/image-set.js";
import { inputGradient } from "../engine/index.js";
import { requireInteger, requireNumber } from "../options.js";
import { createRandom } from "../random.js";
import { channelSpread } from "./latent-spread.js";
import { psnr } from "./psnr.js";

export interface RobustnessOptions {
  /** Noise, in standard deviations of each channel over `latents`. */
  sizes?: readonly number[];
  /** Decides the noise; every size has the same, scaled. */
  seed?: number;
  batchSize?: number;
  /**
   * Another measure of the decoded pictures, in the order of the latents: the share of cards that are still the same,
   * for one.
   */
  score?: (decoded: Pictures) => number;
}

/** How the decoder does at one size of noise. */
export interface RobustnessLevel {
  size: number;
  /** Of the decoded pictures against the originals, in dB. */
  psnr: number;
  /** Against what the decoder makes of the latents without noise, in dB; `Infinity` at size 0. */
  psnrToUndisturbed: number;
  /** What `score` says, where there is one. */
  score: number | undefined;
}

/**
 * Decodes `z + size * sigma * noise` for growing sizes: how much of an error of the diffusion model's the decoder
 * forgives. Ours: a measurement, after no paper.
 *
 * @param originals the pictures, `[count, height, width, channels]`
 * @param latents theirs, `[count, height / f, width / f, channels]`
 * @throws DataError `ERR_SHAPE_MISMATCH`, `ERR_NOT_FINITE`; ConfigError for an option out of range
 */
export async function decoderRobustness(
  model: Codec,
  originals: Pictures,
  latents: FloatArray,
  { sizes = [0, 0.1, 0.2, 0.5, 1], seed = 0, batchSize = 64, score }: RobustnessOptions = {},
): Promise<RobustnessLevel[]> {
  for (const size of sizes) requireNumber("every one of sizes", size, 0);
  const spread = channelSpread(latents);
  const noise = createRandom(seed).fillNormal(new Float32Array(latents.data.length));
  const undisturbed = await decodeLatents(model, latents, { batchSize });
  const levels: RobustnessLevel[] = [];
  for (const size of sizes) {
    const data = latents.data.map(
      (value, index) => value + size * (noise[index] as number) * (spread[index % spread.length] as number),
    );
    const decoded = await decodeLatents(model, { data, shape: latents.shape }, { batchSize });
    levels.push({
      size,
      psnr: psnr(originals, decoded),
      psnrToUndisturbed: psnr(undisturbed, decoded),
      score: score?.(decoded),
    });
  }
  return levels;
}

/** How strongly the decoder can react at single latents. */
export interface DecoderLipschitz {
  /** Largest `|change of the picture| / |change of the latents|` in the limit of small ones, for each picture. */
  perPicture: Float32Array;
  median: number;
  max: number;
}

/**
 * The local Lipschitz constant of the decoder at each of the latents: the largest singular value of its Jacobian, by
 * power iteration on `J^T J` (Golub and Van Loan, "Matrix Computations", section 8.2) with a difference for `J v` and a
 * gradient for `J^T u`. It grows towards the true value with the iterations.
 *
 * @param latents `[count, height, width, channels]`
 * @param options.step length of the difference, in standard deviations of the latents
 * @throws DataError `ERR_SHAPE_MISMATCH`, `ERR_NOT_FINITE`; ConfigError for an option out of range
 */
export async function decoderLipschitz(
  model: Codec,
  latents: FloatArray,
  {
    iterations = 8,
    step = 1e-2,
    batchSize = 16,
    seed = 0,
  }: { iterations?: number; step?: number; batchSize?: number; seed?: number } = {},
): Promise<DecoderLipschitz> {
  requireInteger("iterations", iterations, 1);
  requireInteger("batchSize", batchSize, 1);
  requireNumber("step", step, 0, true);
  const { count, height, width } = requireMatchingLatents(model, latents);
  const spread = channelSpread(latents);
  const meanSpread = Math.sqrt(spread.reduce((sum, sigma) => sum + sigma ** 2, 0) / spread.length);
  const size = latents.data.length / count;
  // Of a length that moves every latent by about `step` of its standard deviation.
  const length = step * (meanSpread || 1) * Math.sqrt(size);
  const directions = createRandom(seed).fillNormal(new Float32Array(latents.data.length));
  const perPicture = new Float32Array(count);
  for (let start = 0; start < count; start += batchSize) {
    const batch = Math.min(batchSize, count - start);
    const take = (data: Float32Array) =>
      tf.tensor4d(data.subarray(start * size, (start + batch) * size), [
        ...([batch, height, width, model.latentChannels] as const),
      ]);
    const gains = tf.tidy(() =>
      powerIteration(model, take(latents.data), take(directions), iterations, length),
    );
    perPicture.set(await gains.data(), start);
    gains.dispose();
  }
  const sorted = perPicture.slice().sort();
  const median = ((sorted[(count - 1) >> 1] as number) + (sorted[count >> 1] as number)) / 2;
  return { perPicture, median, max: sorted.at(-1) as number };
}

/** `[batch]`: the largest gain found for each picture. */
function powerIteration(
  model: Codec,
  latents: tf.Tensor4D,
  start: tf.Tensor4D,
  iterations: number,
  length: number,
): tf.Tensor1D {
  const lengths = (x: tf.Tensor4D) => tf.sqrt(tf.sum(tf.square(x), [1, 2, 3], true)) as tf.Tensor4D;
  const toUnit = (x: tf.Tensor4D) => tf.div(x, tf.maximum(lengths(x), 1e-20)) as tf.Tensor4D;
  let direction = toUnit(start);
  let gain: tf.Tensor4D | undefined;
  for (let iteration = 0; iteration < iterations; iteration++) {
    const [nextDirection, nextGain] = tf.tidy(() => {
      const move = tf.mul(direction, length / 2);
      const [after, before] = [model.decode(tf.add(latents, move)), model.decode(tf.sub(latents, move))];
      const reaction = tf.div(tf.sub(after, before), length) as tf.Tensor4D;
      const { gradient } = inputGradient((z) => tf.mul(model.decode(z), reaction), latents);
      return [toUnit(gradient), lengths(reaction)];
    }) as [tf.Tensor4D, tf.Tensor4D];
    direction = nextDirection;
    gain = nextGain;
  }
  return tf.reshape(gain as tf.Tensor4D, [-1]) as tf.Tensor1D;
}
