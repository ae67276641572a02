import type { FloatArray } from "../data/image-set.js";
import { DataError } from "../errors.js";
import { requireNumber } from "../options.js";

/** What a standard normal distribution would have is given with each number. */
export interface ChannelStatistics {
  /** N(0, 1): 0. */
  mean: number;
  /** With n - 1 in the denominator. N(0, 1): 1. */
  std: number;
  /** `1 / std`: the factor that would bring this channel to unit variance. `Infinity` where the channel is constant. */
  scaleFactor: number;
  /** Share of the values outside of [-1, 1]. N(0, 1): 0.317. */
  outside: number;
  /** Third standardised moment. N(0, 1): 0. NaN where the channel is constant, which has no shape. */
  skewness: number;
  /** Fourth standardised moment, not its excess. N(0, 1): 3. NaN where the channel is constant. */
  kurtosis: number;
  /** Values in every bin. */
  counts: number[];
}

export interface LatentStatistics {
  /** Values in every channel. */
  valuesPerChannel: number;
  channels: ChannelStatistics[];
  /** Borders of the bins, one more than there are bins; symmetric about 0, from -4 to 4 at least. */
  edges: number[];
  binWidth: number;
  /** Of all channels' values together. */
  flattened: {
    mean: number;
    std: number;
    /**
     * `1 / std`, the one scalar that latent diffusion multiplies its latents by (`scale_factor` in its code,
     * 0.18215 for Stable Diffusion, where it was estimated on the first training batch). It neither centres the
     * channels nor makes their variances equal. `Infinity` where all latents are equal.
     */
    scaleFactor: number;
  };
}

const smallestRange = 4;
const maxBins = 2000;

/**
 * Describes the distribution of latents, channel by channel.
 *
 * A constant channel (an encoder that has collapsed) has std 0 exactly, hence a `scaleFactor` of `Infinity`, and NaN for
 * skewness and kurtosis; everything else is as usual. Ask `Number.isFinite(scaleFactor)` before multiplying by it.
 *
 * @param latents `[..., channels]`
 * @param options.binWidth of the histogram; doubled until the whole range fits into 2000 bins
 * @throws DataError `ERR_SHAPE_MISMATCH` without values, or where data and shape do not fit; `ERR_NOT_FINITE` where
 *   values are NaN or infinite
 */
export function latentStatistics(
  latents: FloatArray,
  { binWidth = 0.05 }: { binWidth?: number } = {},
): LatentStatistics {
  requireNumber("binWidth", binWidth, 0, true);
  const channelCount = latents.shape.at(-1) ?? 0;
  const size = latents.shape.reduce((product, length) => product * length, 1);
  if (size !== latents.data.length || size < 2 * channelCount || channelCount === 0) {
    throw new DataError(
      "ERR_SHAPE_MISMATCH",
      `Latents of shape [${latents.shape}] with ${latents.data.length} values cannot be described; at least two values a channel are needed.`,
    );
  }
  requireFinite(latents.data);
  const histogram = planHistogram(latents.data, binWidth);
  const channels = Array.from({ length: channelCount }, (_, channel) => {
    const values = latents.data.filter((_, index) => index % channelCount === channel);
    return describeChannel(values, histogram);
  });
  const { mean, std } = momentsOf(latents.data);
  return {
    valuesPerChannel: size / channelCount,
    channels,
    edges: histogram.edges,
    binWidth: histogram.binWidth,
    flattened: { mean, std, scaleFactor: 1 / std },
  };
}

function requireFinite(values: Float32Array): void {
  const broken = values.reduce((count, value) => count + (Number.isFinite(value) ? 0 : 1), 0);
  if (broken === 0) return;
  throw new DataError(
    "ERR_NOT_FINITE",
    `${broken} of ${values.length} latents are NaN or infinite. If the training diverged, repeat it with a lower learningRate; else look for such numbers in the latents.`,
  );
}

interface Histogram {
  edges: number[];
  binWidth: number;
}

function planHistogram(values: Float32Array, requestedWidth: number): Histogram {
  const largest = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  const range = Math.max(smallestRange, largest);
  let binWidth = requestedWidth;
  while ((2 * range) / binWidth > maxBins) binWidth *= 2;
  const half = Math.floor(range / binWidth) + 1; // the largest value lies inside of the last bin
  const edges = Array.from({ length: 2 * half + 1 }, (_, index) => (index - half) * binWidth);
  return { edges, binWidth };
}

function describeChannel(values: Float32Array, { edges, binWidth }: Histogram): ChannelStatistics {
  const { mean, std, skewness, kurtosis } = momentsOf(values);
  const counts = new Array<number>(edges.length - 1).fill(0);
  const half = counts.length / 2;
  let outside = 0;
  for (const value of values) {
    const bin = Math.floor(value / binWidth) + half;
    counts[bin] = (counts[bin] ?? 0) + 1;
    if (Math.abs(value) > 1) outside += 1;
  }
  return { mean, std, scaleFactor: 1 / std, outside: outside / values.length, skewness, kurtosis, counts };
}

/**
 * Two passes in double precision: the mean first, then the moments about it. Sums of equal 32-bit numbers are exact in
 * double precision (up to 2^29 of them), so a constant has a variance of exactly 0.
 */
function momentsOf(values: Float32Array) {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  let second = 0;
  let third = 0;
  let fourth = 0;
  for (const value of values) {
    const centred = value - mean;
    second += centred ** 2;
    third += centred ** 3;
    fourth += centred ** 4;
  }
  const variance = second / count;
  return {
    mean,
    std: Math.sqrt(second / (count - 1)),
    skewness: third / count / variance ** 1.5,
    kurtosis: fourth / count / variance ** 2,
  };
}
