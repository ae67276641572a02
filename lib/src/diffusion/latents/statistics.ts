import type { FloatArray } from "../../data/image-set.js";

/** What latents are scaled by before diffusion; see `standardise`. */
export interface LatentScales {
  /** Mean of every channel. */
  channelMean: number[];
  /** Standard deviation of every channel over samples and positions, the spread of the posteriors included. */
  channelStd: number[];
  /** Standard deviation of all values of the first batch together, the channels' different means included. */
  firstBatchStd: number;
}

/**
 * Statistics of latents `mean + sigma e` with e ~ N(0, 1), without drawing any: the total variance is the variance of
 * the means plus the mean of `sigma^2`.
 *
 * @param mean `[count, height, width, channels]`
 * @param sigma the same shape
 * @param firstBatch number of samples from which latent diffusion would take its one scalar
 */
export function measureScales(mean: FloatArray, sigma: FloatArray, firstBatch: number): LatentScales {
  const channels = mean.shape.at(-1) as number;
  const batchValues = (firstBatch * mean.data.length) / (mean.shape[0] as number);
  const all = Array.from({ length: channels }, (_, channel) => moments(mean, sigma, channel, channels));
  const first = moments(mean, sigma, 0, 1, batchValues);
  return {
    channelMean: all.map(({ average }) => average),
    channelStd: all.map(({ std }) => std),
    firstBatchStd: first.std,
  };
}

/** Of every `stride`-th value from `start` on, before `end`; two passes, as E[x^2] - E[x]^2 loses digits. */
function moments(
  { data }: FloatArray,
  { data: sigmas }: FloatArray,
  start: number,
  stride: number,
  end = data.length,
) {
  const count = Math.ceil((end - start) / stride);
  let sum = 0;
  for (let index = start; index < end; index += stride) sum += data[index] as number;
  const average = sum / count;
  let squares = 0;
  for (let index = start; index < end; index += stride) {
    squares += ((data[index] as number) - average) ** 2 + (sigmas[index] as number) ** 2;
  }
  return { average, std: Math.sqrt(squares / count) };
}
