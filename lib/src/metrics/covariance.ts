import { requireCount } from "../statistics/check.js";
import { type Rows, requireFinite } from "./check.js";
import { dot, toTable, transpose } from "./dot.js";

/** Mean and covariance of samples: the Gaussian with the same first two moments. */
export interface Gaussian {
  /** `[size]` */
  mean: Float64Array;
  /** `[size, size]`, row by row; with n - 1 in the denominator. */
  covariance: Float64Array;
}

/**
 * Mean and covariance of samples, in double precision.
 *
 * @param samples `[count, ...]`; what follows the count is one vector a sample
 * @throws DataError `ERR_TOO_FEW_SAMPLES` for fewer than two, `ERR_SHAPE_MISMATCH`, `ERR_NOT_FINITE`
 */
export function gaussianOf(samples: Rows): Gaussian {
  requireFinite("samples", samples, ["count", "..."]);
  const { data, count, size } = toTable(samples);
  requireCount("samples", count, 2);
  const { mean, centred } = centreRows(data, size);
  const columns = transpose(centred, count, size);
  const covariance = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= row; column++) {
      const value = dot(columns, row * count, columns, column * count, count) / (count - 1);
      covariance[row * size + column] = value;
      covariance[column * size + row] = value;
    }
  }
  return { mean, covariance };
}

/** The rows with their mean taken off. */
export function centreRows(data: Float64Array, size: number): { mean: Float64Array; centred: Float64Array } {
  const mean = new Float64Array(size);
  const count = data.length / size;
  for (let start = 0; start < data.length; start += size) {
    for (let column = 0; column < size; column++)
      mean[column] = (mean[column] as number) + (data[start + column] as number);
  }
  for (let column = 0; column < size; column++) mean[column] = (mean[column] as number) / count;
  const centred = data.map((value, index) => value - (mean[index % size] as number));
  return { mean, centred };
}
