import { requireInteger } from "../options.js";
import { createRandom } from "../random.js";
import { requireCount } from "../statistics/check.js";
import { type Rows, requireFinite } from "./check.js";
import { centreRows } from "./covariance.js";
import { dot, squaredDistance, toTable } from "./dot.js";

export interface VelocityVariance {
  /** Mean over `times`: the error of a perfect velocity model, a latent number. */
  mean: number;
  /** For every time in (0, 1); 1 is pure noise. */
  perTime: { time: number; variance: number }[];
}

/**
 * Velocity irreducible variance: how much of a rectified flow's velocity no model can know, since paths from different latents
 * cross at the same point. `E Var(v | z_t, t)` with `z_t = (1 - t) z + t noise`, `v = noise - z`, hence
 * `Var(v | z_t) = Var(z | z_t) / t^2`; divided by the number of latent values, mean over t from 0 to 1. It has been found to
 * predict the quality of generated images (Zhong et al. 2026, arXiv:2606.03578). The estimator here is our own; it was not
 * compared with theirs.
 *
 * The posterior over the given latents is exact: weights `exp(-|z_t - (1 - t) z_i|^2 / (2 t^2))`. Only the mean over z_t is
 * sampled. That is the answer for the empirical distribution, which a model that knew every latent by heart would reach: few
 * latents of many dimensions hardly overlap, and the variance at small t vanishes. Compare at equal counts, and standardise
 * latents first: the variance has their unit, squared.
 *
 * @param latents `[count, ...]`, at least two
 * @param options.times midpoints of that many equal parts of (0, 1); default 8
 * @param options.samples of z_t; the same pairs of latent and noise at all times; default 64
 * @throws DataError `ERR_TOO_FEW_SAMPLES`, `ERR_SHAPE_MISMATCH`, `ERR_NOT_FINITE`
 */
export function velocityIrreducibleVariance(
  latents: Rows,
  { times = 8, samples = 64, seed = 0 }: { times?: number; samples?: number; seed?: number } = {},
): VelocityVariance {
  requireInteger("times", times, 1);
  requireInteger("samples", samples, 1);
  requireFinite("latents", latents, ["count", "..."]);
  const table = toTable(latents);
  requireCount("latents", table.count, 2);
  // Their mean taken off: it changes nothing but the rounding.
  const { count, size } = table;
  const { centred } = centreRows(table.data, size);
  const random = createRandom(seed);
  const perTime = Array.from({ length: times }, (_, index) => ({ time: (index + 0.5) / times, variance: 0 }));
  for (let sample = 0; sample < samples; sample++) {
    const source = random.integer(0, count - 1);
    const noise = Float64Array.from({ length: size }, () => random.normal());
    const squares = new Float64Array(count); // of the offsets from every latent to the source
    const alongNoise = new Float64Array(count); // the offsets' scalar products with the noise
    const sourceAlong = dot(centred, source * size, noise, 0, size);
    for (let row = 0; row < count; row++) {
      squares[row] = squaredDistance(centred, source * size, centred, row * size, size);
      alongNoise[row] = sourceAlong - dot(centred, row * size, noise, 0, size);
    }
    for (const step of perTime) {
      const weights = posterior(squares, alongNoise, step.time);
      step.variance +=
        posteriorVariance(centred, weights, squares, source, size) / (step.time ** 2 * size * samples);
    }
  }
  return { mean: perTime.reduce((sum, { variance }) => sum + variance, 0) / times, perTime };
}

/** Latents that are less probable than that, mostly nearly all, are left out of the sums. */
const negligible = 1e-14;

/**
 * Probability of every latent given z_t. With `z_t - (1 - t) z_i = (1 - t) offset_i + t noise` the squared distance needs
 * nothing but the two numbers a latent that do not depend on t.
 */
function posterior(squares: Float64Array, alongNoise: Float64Array, time: number): Float64Array {
  const ratio = (1 - time) / time;
  const logits = squares.map((square, row) => -ratio * ((ratio * square) / 2 + (alongNoise[row] as number)));
  const largest = logits.reduce((max, value) => Math.max(max, value), Number.NEGATIVE_INFINITY);
  const weights = logits.map((value) => Math.exp(value - largest));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** Summed over the dimensions: mean squared distance from the source less the squared distance of the mean. */
function posteriorVariance(
  data: Float64Array,
  weights: Float64Array,
  squares: Float64Array,
  source: number,
  size: number,
): number {
  const mean = new Float64Array(size);
  let meanSquare = 0;
  for (let row = 0; row < weights.length; row++) {
    const weight = weights[row] as number;
    if (weight < negligible) continue;
    meanSquare += weight * (squares[row] as number);
    for (let index = 0, place = row * size; index < size; index++, place++) {
      mean[index] = (mean[index] as number) + weight * (data[place] as number);
    }
  }
  return Math.max(0, meanSquare - squaredDistance(mean, 0, data, source * size, size));
}
