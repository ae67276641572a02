import { DataError } from "../errors.js";
import { requireCount } from "../statistics/check.js";
import { type Rows, requireSameSamples } from "./check.js";
import { type Gaussian, gaussianOf } from "./covariance.js";
import { dot } from "./dot.js";
import { symmetricEigen } from "./symmetric-eigen.js";

/**
 * Frechet distance between the Gaussians with the features' means and covariances; with the features of Inception v3 it is
 * called FID (Heusel et al. 2017, arXiv:1706.08500, equation 6).
 *
 * Biased upwards by an amount that shrinks with 1 / count and depends on the features: compare only at equal counts, and
 * print `floorOf(frechetDistance, truth)` beside it. `kid` has no such bias.
 *
 * @param first features `[count, features]` of one set
 * @param second features of the other one
 * @throws DataError `ERR_TOO_FEW_SAMPLES` for fewer than two samples, `ERR_SHAPE_MISMATCH`, `ERR_NOT_FINITE`
 */
export function frechetDistance(first: Rows, second: Rows): number {
  requireSameSamples(["first features", "second features"], first, second);
  requireCount("first features", first.shape[0] as number, 2);
  requireCount("second features", second.shape[0] as number, 2);
  return frechetDistanceOfGaussians(gaussianOf(first), gaussianOf(second));
}

/**
 * `|m1 - m2|^2 + trace(C1 + C2 - 2 (C1 C2)^(1/2))` (Dowson and Landau 1982, Journal of Multivariate Analysis 12(3)).
 *
 * The trace of the root is the sum of the roots of the eigenvalues of `C1^(1/2) C2 C1^(1/2)`, which is symmetric: no root of
 * an unsymmetric matrix with its complex rounding errors is needed, and singular covariances do no harm.
 *
 * @throws DataError `ERR_SHAPE_MISMATCH` for different dimensions
 */
export function frechetDistanceOfGaussians(first: Gaussian, second: Gaussian): number {
  const size = first.mean.length;
  if (second.mean.length !== size) {
    throw new DataError(
      "ERR_SHAPE_MISMATCH",
      `Gaussians of ${size} and ${second.mean.length} dimensions cannot be compared; both need the same.`,
    );
  }
  let distance = 0;
  for (let index = 0; index < size; index++) {
    distance += ((first.mean[index] as number) - (second.mean[index] as number)) ** 2;
    distance += first.covariance[index * size + index] as number;
    distance += second.covariance[index * size + index] as number;
  }
  const { values } = symmetricEigen(rootTimesRoot(first.covariance, second.covariance, size), size);
  for (const value of values) distance -= 2 * Math.sqrt(Math.max(0, value));
  return Math.max(0, distance); // rounding may leave a little less than nothing
}

/** A matrix with the eigenvalues of `C1^(1/2) C2 C1^(1/2)`: the same in the basis of the eigenvectors of `C1`. */
function rootTimesRoot(first: Float64Array, second: Float64Array, size: number): Float64Array {
  const { values, vectors } = symmetricEigen(first, size);
  const roots = vectors.slice(); // diag(values^(1/2)) vectors
  for (let index = 0; index < roots.length; index++) {
    const value = values[Math.floor(index / size)] as number;
    roots[index] = (roots[index] as number) * Math.sqrt(Math.max(0, value));
  }
  // `second` is symmetric: its rows are its columns.
  return timesTransposed(timesTransposed(roots, second, size), roots, size);
}

/** `left right^T`: all scalar products of rows. */
function timesTransposed(left: Float64Array, right: Float64Array, size: number): Float64Array {
  const product = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      product[row * size + column] = dot(left, row * size, right, column * size, size);
    }
  }
  return product;
}
