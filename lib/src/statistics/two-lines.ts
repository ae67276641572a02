import { mean, median, quantile, quantileSorted } from "simple-statistics";
import { requireNumber } from "../options.js";
import { requireCount, requirePairs, requireShare, requireValues } from "./check.js";
import { fitNaturalSpline } from "./natural-spline.js";
import { fitRobustLine, type Line } from "./robust-line.js";

export interface TwoLines {
  /** `"u"` or `"inverted-u"` where both slopes are significant and of opposite signs; else `"none"`. */
  shape: "u" | "inverted-u" | "none";
  /** The larger one of the two slopes' p-values; 1 where the slopes have the same sign. */
  pValue: number;
  /** Where the first line ends and the second one begins. */
  breakPoint: number;
  left: Line;
  right: Line;
}

/**
 * The two-lines test for a U-shape: one line left of a break point, one right of it; there is a U where the first goes
 * significantly down and the second significantly up (or the other way round). A significant square term of a parabola
 * is no such evidence: `log x` has one.
 *
 * Simonsohn 2018, Advances in Methods and Practices in Psychological Science 1(4). The break point follows the paper's "Robin
 * Hood" rule: of the x whose smoothed y is the extreme one within one standard error, within the middle 80 % of x, take the
 * quantile that gives more points to the weaker line. Two differences from the paper's program: the smooth curve is a
 * least-squares natural spline with at most five knots, not a penalised one, and p-values are of t, not normal, which
 * small designs need.
 *
 * @param xs the dose, on the scale on which lines make sense (the logarithm of a weight); at least four distinct ones
 * @param ys the response, at least eight
 * @param options.breakPoint fixed beforehand instead of estimated
 * @throws DataError `ERR_SHAPE_MISMATCH`, `ERR_NOT_FINITE`; `ERR_TOO_FEW_SAMPLES` for too few points, also on one side
 */
export function testTwoLines(
  xs: readonly number[],
  ys: readonly number[],
  { alpha = 0.05, breakPoint }: { alpha?: number; breakPoint?: number } = {},
): TwoLines {
  requireShare("alpha", alpha);
  requirePairs("xs and ys", xs, ys);
  requireValues("xs", xs, 8);
  requireValues("ys", ys, 8);
  requireCount("different xs", new Set(xs).size, 4);
  if (breakPoint !== undefined) requireNumber("breakPoint", breakPoint, Number.NEGATIVE_INFINITY);
  const border = breakPoint ?? robinHoodBreak(xs, ys);
  const [left, right] = fitBothSides(xs, ys, border);
  const opposite = left.slope * right.slope < 0;
  const pValue = opposite ? Math.max(left.pValue, right.pValue) : 1;
  const direction = left.slope < 0 ? "u" : "inverted-u";
  return { shape: pValue < alpha ? direction : "none", pValue, breakPoint: border, left, right };
}

/**
 * The break point belongs to both lines. The paper's interrupted regressions, with a jump at the break, come to the same
 * slopes and the same HC3 errors as a line for each side by itself.
 */
function fitBothSides(xs: readonly number[], ys: readonly number[], border: number): [Line, Line] {
  const fitWhere = (name: string, belongs: (x: number) => boolean) => {
    const indices = [...xs.keys()].filter((index) => belongs(xs[index] as number));
    const chosen = indices.map((index) => xs[index] as number);
    requireCount(`points ${name} of the break point ${border}`, chosen.length, 3);
    requireCount(`different xs ${name} of the break point ${border}`, new Set(chosen).size, 2);
    return fitRobustLine(
      chosen,
      indices.map((index) => ys[index] as number),
    );
  };
  return [fitWhere("left", (x) => x <= border), fitWhere("right", (x) => x >= border)];
}

function robinHoodBreak(xs: readonly number[], ys: readonly number[]): number {
  const { fitted, standardErrors } = fitNaturalSpline(xs, ys);
  const [low, high] = [quantile(xs, 0.1), quantile(xs, 0.9)];
  const possible = [...xs.keys()].filter((index) => hasBothSides(xs, xs[index] as number));
  requireCount("xs that leave points for a line on both sides", possible.length, 1);
  const middle = possible.filter((index) => (xs[index] as number) > low && (xs[index] as number) < high);
  const inner = middle.length > 0 ? middle : possible;
  // A curve that begins upwards may be an inverted U: its highest point is the candidate. Else the lowest.
  const sign = risesAtFirst(xs, ys) ? 1 : -1;
  const extreme = Math.max(...inner.map((index) => sign * (fitted[index] as number)));
  const flat = inner
    .filter((index) => sign * (fitted[index] as number) + (standardErrors[index] as number) >= extreme)
    .map((index) => xs[index] as number)
    .sort((a, b) => a - b);
  const [left, right] = fitBothSides(xs, ys, median(flat));
  const [strengthLeft, strengthRight] = [Math.abs(left.t), Math.abs(right.t)];
  // The stronger the right line, the further right the break, in favour of the left line.
  const share = strengthRight / (strengthLeft + strengthRight);
  return quantileSorted(flat, Number.isFinite(share) ? share : 0.5);
}

/** Whether a break at `x` leaves each side enough for a line with a standard error. */
function hasBothSides(xs: readonly number[], border: number): boolean {
  return [xs.filter((x) => x <= border), xs.filter((x) => x >= border)].every(
    (side) => side.length >= 3 && new Set(side).size >= 2,
  );
}

/**
 * Whether a parabola through the points rises at the smallest x. Fitted by orthogonal polynomials: `u = x - mean`, and
 * `u^2` with its own line taken out.
 */
function risesAtFirst(xs: readonly number[], ys: readonly number[]): boolean {
  const centre = mean(xs);
  const line = xs.map((x) => x - centre);
  const squares = line.map((u) => u ** 2);
  const tilt = dot(squares, line) / dot(line, line);
  const level = mean(squares);
  const bend = line.map((u) => u ** 2 - tilt * u - level);
  const slope = dot(line, ys) / dot(line, line);
  const curvature = dot(bend, ys) / dot(bend, bend);
  return slope + curvature * (2 * Math.min(...line) - tilt) > 0;
}

function dot(first: readonly number[], second: readonly number[]): number {
  return first.reduce((sum, value, index) => sum + value * (second[index] as number), 0);
}
