/** A curve `x -> y` through given points. */
export type Curve = (x: number) => number;

/**
 * Cubic interpolation that never overshoots: where the points rise, so does the curve (PCHIP).
 *
 * Fritsch and Butland 1984, SIAM Journal on Scientific and Statistical Computing 5(2): the slope at a point is the weighted
 * harmonic mean of its neighbours' slopes, and 0 at an extremum; at the ends the three-point formula, limited likewise.
 *
 * @param xs strictly increasing, at least two
 * @returns defined on `[xs[0], xs.at(-1)]`
 */
export function interpolateMonotone(xs: readonly number[], ys: readonly number[]): Curve {
  const widths = differences(xs);
  const rises = differences(ys).map((rise, index) => rise / (widths[index] as number));
  const slopes = slopesAt(widths, rises);
  return (x) => {
    const after = xs.findIndex((knot, index) => index > 0 && x <= knot);
    const segment = after < 0 ? widths.length - 1 : after - 1;
    const width = widths[segment] as number;
    const t = (x - (xs[segment] as number)) / width;
    // Hermite's basis of cubic polynomials.
    return (
      (ys[segment] as number) * (1 + 2 * t) * (1 - t) ** 2 +
      (ys[segment + 1] as number) * t ** 2 * (3 - 2 * t) +
      width *
        ((slopes[segment] as number) * t * (1 - t) ** 2 - (slopes[segment + 1] as number) * t ** 2 * (1 - t))
    );
  };
}

function differences(values: readonly number[]): number[] {
  return values.slice(1).map((value, index) => value - (values[index] as number));
}

function slopesAt(widths: number[], rises: number[]): number[] {
  if (rises.length === 1) return [rises[0] as number, rises[0] as number];
  const inner = rises.slice(1).map((right, index) => {
    const left = rises[index] as number;
    if (left * right <= 0) return 0;
    const [before, after] = [widths[index] as number, widths[index + 1] as number];
    const [weightLeft, weightRight] = [2 * after + before, after + 2 * before];
    return (weightLeft + weightRight) / (weightLeft / left + weightRight / right);
  });
  return [endSlope(widths, rises), ...inner, endSlope([...widths].reverse(), [...rises].reverse())];
}

/** The slope at the first point, from the first two segments. */
function endSlope([width = 1, nextWidth = 1]: number[], [rise = 0, nextRise = 0]: number[]): number {
  const slope = ((2 * width + nextWidth) * rise - width * nextRise) / (width + nextWidth);
  if (slope * rise <= 0) return 0;
  if (rise * nextRise <= 0 && Math.abs(slope) > 3 * Math.abs(rise)) return 3 * rise;
  return slope;
}
