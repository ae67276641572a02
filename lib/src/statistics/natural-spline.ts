import { quantileSorted } from "simple-statistics";

/** A smooth curve through points, at the points: its height and how sure that is. */
export interface SmoothFit {
  fitted: number[];
  standardErrors: number[];
}

/**
 * Least-squares natural cubic spline (Hastie, Tibshirani and Friedman 2009, "The Elements of Statistical Learning",
 * equations 5.4 and 5.5), with knots at equal quantiles of the distinct x. With as many knots as distinct x it is the mean
 * of every x.
 *
 * @param xs at least two distinct ones, and more values than knots
 * @param options.knots at most; default 5
 */
export function fitNaturalSpline(
  xs: readonly number[],
  ys: readonly number[],
  { knots = 5 }: { knots?: number } = {},
): SmoothFit {
  const distinct = [...new Set(xs)].sort((a, b) => a - b);
  const count = Math.min(knots, distinct.length);
  const places = Array.from({ length: count }, (_, index) => quantileSorted(distinct, index / (count - 1)));
  const rows = splineBasis(xs, places);
  const { coordinates, rank } = orthonormalise(rows);
  // With an orthonormal basis the fit is a projection, and the leverages are the rows' squared lengths.
  const weights = Array.from({ length: rank }, (_, column) =>
    coordinates.reduce((sum, row, index) => sum + (row[column] as number) * (ys[index] as number), 0),
  );
  const fitted = coordinates.map((row) =>
    row.reduce((sum, value, column) => sum + value * (weights[column] ?? 0), 0),
  );
  const residuals = fitted.reduce((sum, value, index) => sum + ((ys[index] as number) - value) ** 2, 0);
  const variance = residuals / Math.max(1, xs.length - rank);
  const standardErrors = coordinates.map((row) =>
    Math.sqrt(variance * row.reduce((sum, value) => sum + value ** 2, 0)),
  );
  return { fitted, standardErrors };
}

/** Constant, line, and a curved function for every knot but two; x scaled to [0, 1] over the knots. */
function splineBasis(xs: readonly number[], knots: number[]): number[][] {
  const first = knots[0] as number;
  const range = (knots.at(-1) as number) - first;
  const scaled = knots.map((knot) => (knot - first) / range);
  const beforeLast = scaled.at(-2) as number;
  const cube = (value: number) => Math.max(0, value) ** 3;
  return xs.map((value) => {
    const x = (value - first) / range;
    const bend = (knot: number) => (cube(x - knot) - cube(x - 1)) / (1 - knot);
    return [1, x, ...scaled.slice(0, -2).map((knot) => bend(knot) - bend(beforeLast))];
  });
}

/** Modified Gram-Schmidt over the columns. Columns that depend on earlier ones are dropped. */
function orthonormalise(rows: number[][]): { coordinates: number[][]; rank: number } {
  const columns = (rows[0] ?? []).map((_, column) => rows.map((row) => row[column] as number));
  const basis: number[][] = [];
  for (const column of columns) {
    const before = Math.hypot(...column);
    let rest = column;
    // Twice, since once leaves rounding errors where columns are nearly parallel.
    for (const unit of [...basis, ...basis]) {
      const along = unit.reduce((sum, value, index) => sum + value * (rest[index] as number), 0);
      rest = rest.map((value, index) => value - along * (unit[index] as number));
    }
    const length = Math.hypot(...rest);
    if (length > 1e-9 * before) basis.push(rest.map((value) => value / length));
  }
  return { coordinates: rows.map((_, row) => basis.map((unit) => unit[row] as number)), rank: basis.length };
}
