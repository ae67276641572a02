import type { FloatArray } from "../data/image-set.js";
import { requireCount } from "../statistics/check.js";
import { type Rows, requireFinite } from "./check.js";
import { centreRows, gaussianOf } from "./covariance.js";
import { dot, toTable, transpose } from "./dot.js";

/**
 * Participation ratio of the covariance's eigenvalues, `(sum lambda)^2 / sum lambda^2` (Gao et al. 2017, "A theory of
 * multineuronal dimensionality, dynamics and measurement", bioRxiv 214262): how many directions carry the variance; n
 * where n equal ones do, 1 where a single one does. NaN where all samples are equal.
 *
 * The sum of squares is estimated without bias, whatever the distribution (a problem that Himeno and Yamada 2014, Journal of
 * Multivariate Analysis 130, treat; here tests hold that there is none). The plain one of the sample covariance is too large
 * by `dimensions / count` for white samples, which would make wide latents look flat.
 *
 * @param samples `[count, ...]`, at least four; what follows the count is one vector a sample
 * @throws DataError `ERR_TOO_FEW_SAMPLES`, `ERR_SHAPE_MISMATCH`, `ERR_NOT_FINITE`
 */
export function effectiveDimension(samples: Rows): number {
  requireFinite("samples", samples, ["count", "..."]);
  const { data, count, size } = toTable(samples);
  requireCount("samples", count, 4);
  const { centred } = centreRows(data, size);
  // Squared lengths of the centred samples.
  const lengths = Float64Array.from({ length: count }, (_, row) =>
    dot(centred, row * size, centred, row * size, size),
  );
  const trace = lengths.reduce((sum, length) => sum + length, 0) / (count - 1);
  const fourth = lengths.reduce((sum, length) => sum + length ** 2, 0) / (count - 1);
  const plain = squaredProducts(centred, count, size) / (count - 1) ** 2;
  const squares =
    ((count - 1) / (count * (count - 2) * (count - 3))) *
    ((count - 1) * (count - 2) * plain + trace ** 2 - count * fourth);
  // No more directions than dimensions: what lies above (or a negative estimate) is chance.
  return squares > 0 ? Math.min(size, trace ** 2 / squares) : trace > 0 ? size : Number.NaN;
}

/** Sum of the squared scalar products of all rows, or equally of all columns: whichever are fewer. */
function squaredProducts(data: Float64Array, rows: number, columns: number): number {
  if (columns < rows) return squaredProducts(transpose(data, rows, columns), columns, rows);
  let total = 0;
  for (let first = 0; first < rows; first++) {
    for (let second = 0; second <= first; second++) {
      const product = dot(data, first * columns, data, second * columns, columns);
      total += (first === second ? 1 : 2) * product ** 2;
    }
  }
  return total;
}

export interface ChannelCovariance {
  /** `[channels][channels]`, over all pictures and positions, with n - 1 in the denominator. */
  covariance: number[][];
  /** The same divided by the standard deviations; NaN for constant channels. */
  correlation: number[][];
  /** How many channels carry the variance (`effectiveDimension` of single positions). */
  effectiveChannels: number;
}

/**
 * How the channels of latents vary together.
 *
 * @param latents `[..., channels]`, at least four positions
 * @throws DataError `ERR_TOO_FEW_SAMPLES`, `ERR_SHAPE_MISMATCH`, `ERR_NOT_FINITE`
 */
export function channelCovariance(latents: FloatArray): ChannelCovariance {
  requireFinite("latents", latents, ["...", "channels"]);
  const channels = latents.shape.at(-1) as number;
  const positions = { data: latents.data, shape: [latents.data.length / channels, channels] };
  const flat = gaussianOf(positions).covariance;
  const covariance = Array.from({ length: channels }, (_, row) =>
    Array.from(flat.subarray(row * channels, (row + 1) * channels)),
  );
  const variance = (channel: number) => flat[channel * (channels + 1)] as number;
  const correlation = covariance.map((row, first) =>
    row.map((value, second) => value / Math.sqrt(variance(first) * variance(second))),
  );
  return { covariance, correlation, effectiveChannels: effectiveDimension(positions) };
}
