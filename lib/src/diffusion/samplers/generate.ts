import { setImmediate as nextTurn } from "node:timers/promises";
import * as tf from "@tensorflow/tfjs-core";
import type { FloatArray } from "../../data/image-set.js";
import { createNoise, noiseStarts } from "../../noise.js";
import { requireInteger } from "../../options.js";
import type { Denoiser } from "../denoiser.js";
import { type Sampler, sample, startingNoise } from "./sampler.js";

export interface GenerateOptions<Condition> {
  /** How many samples. */
  count: number;
  /** `[height, width, channels]` of one of them. */
  shape: readonly [height: number, width: number, channels: number];
  /** See `uniformSchedule` and `karrasSchedule`. */
  times: readonly number[];
  /** `euler`, `heun`, `ddim`, or one of the stochastic ones. */
  sampler: Sampler;
  /**
   * The condition of the samples from `start` on, `size` of them; freed after use. Nothing where the model has none.
   */
  condition: (start: number, size: number) => Condition;
  /** Samples at a time: bounds the memory. */
  batchSize?: number;
  /** Decides the noise that sampling starts from; the same seed and batch size give the same samples. */
  seed?: number;
  /** Stops after the batch that is running. */
  signal?: AbortSignal;
}

/**
 * Samples as many as wanted, in batches, with a turn of the event loop in between.
 *
 * @returns `[count, height, width, channels]` on the host
 * @throws the signal's reason once it is aborted; ConfigError for options out of range
 */
export async function generate<Condition>(
  denoiser: Denoiser<Condition>,
  options: GenerateOptions<Condition>,
): Promise<FloatArray> {
  const { count, shape, times, sampler, condition, batchSize = 64, seed = 0, signal } = options;
  requireInteger("count", count, 1);
  requireInteger("batchSize", batchSize, 1);
  const size = shape[0] * shape[1] * shape[2];
  const data = new Float32Array(count * size);
  const noise = createNoise(seed, noiseStarts.sampling);
  try {
    for (let start = 0; start < count; start += batchSize) {
      signal?.throwIfAborted();
      const batch = Math.min(batchSize, count - start);
      const samples = tf.tidy(() => {
        const drawn = noise.normal<tf.Rank.R4>([batch, ...shape]);
        const noisy = startingNoise(denoiser.path, drawn, times[0] as number);
        return sample(sampler, denoiser, noisy, times, condition(start, batch));
      });
      try {
        data.set((await samples.data()) as Float32Array, start * size);
      } finally {
        samples.dispose();
      }
      await nextTurn();
    }
  } finally {
    noise.dispose();
  }
  return { data, shape: [count, ...shape] };
}
