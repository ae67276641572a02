import { DataError } from "../errors.js";
import { requireValues } from "./check.js";
import { interpolateMonotone } from "./monotone-interpolation.js";

/** One setting of a sweep: `x` is better where higher (PSNR), `y` as told (validity higher, KID lower). */
export interface FrontierPoint {
  x: number;
  y: number;
}

export interface FrontierOptions {
  /** Which `y` is better; default `"higher"`. */
  better?: "higher" | "lower";
}

export interface FrontierArea {
  /** Integral over x of (`treatment` minus `control`), with the sign turned where lower is better: positive is better. */
  area: number;
  /** `area` divided by the width of the range: the mean advantage, in units of y. */
  meanGap: number;
  /** The range of x that both frontiers reach. */
  range: [low: number, high: number];
}

/**
 * The points that no other point beats: none has both a higher (or equal) x and a better (or equal) y. In ascending x.
 *
 * @throws DataError `ERR_NOT_FINITE`
 */
export function paretoFrontier(
  points: readonly FrontierPoint[],
  { better = "higher" }: FrontierOptions = {},
): FrontierPoint[] {
  const sign = better === "higher" ? 1 : -1;
  for (const [index, { x, y }] of points.entries()) requireValues(`x, y of point ${index}:`, [x, y], 2);
  const fromRight = [...points].sort((a, b) => b.x - a.x || sign * (b.y - a.y));
  let best = Number.NEGATIVE_INFINITY;
  const frontier: FrontierPoint[] = [];
  for (const point of fromRight) {
    if (sign * point.y <= best) continue;
    best = sign * point.y;
    frontier.push(point);
  }
  return frontier.reverse();
}

/**
 * Compares two families of models as wholes, not at hand-picked settings: the area between their Pareto frontiers, each
 * interpolated monotonically (PCHIP, see `interpolateMonotone`), over the range of x that both reach. In video coding the
 * mean gap between two such curves is known as BD-PSNR (Bjontegaard 2001, "Calculation of average PSNR differences between
 * RD-curves", VCEG-M33), there of one cubic polynomial each and without a frontier.
 *
 * @throws DataError `ERR_NO_COMMON_RANGE`, `ERR_NOT_FINITE`
 */
export function areaBetweenFrontiers(
  control: readonly FrontierPoint[],
  treatment: readonly FrontierPoint[],
  { better = "higher" }: FrontierOptions = {},
): FrontierArea {
  const [lower, upper] = [paretoFrontier(control, { better }), paretoFrontier(treatment, { better })];
  const area = areaOverCommonRange(lower, upper, better === "higher" ? 1 : -1);
  if (area) return area;
  throw new DataError(
    "ERR_NO_COMMON_RANGE",
    `The frontiers share no range of x: control has ${describeRange(lower)}, treatment ${describeRange(upper)}. Widen the sweeps until they overlap.`,
  );
}

function areaOverCommonRange(
  control: FrontierPoint[],
  treatment: FrontierPoint[],
  sign: number,
): FrontierArea | undefined {
  const low = Math.max(...[control, treatment].map((frontier) => frontier[0]?.x ?? Number.POSITIVE_INFINITY));
  const high = Math.min(
    ...[control, treatment].map((frontier) => frontier.at(-1)?.x ?? Number.NEGATIVE_INFINITY),
  );
  if (!(low < high)) return undefined;
  const [below, above] = [curveThrough(control), curveThrough(treatment)];
  const gap = (x: number) => above(x) - below(x);
  const knots = [...control, ...treatment].map(({ x }) => x).filter((x) => x > low && x < high);
  const borders = [low, ...knots.sort((a, b) => a - b), high];
  let area = 0;
  for (let index = 1; index < borders.length; index++) {
    const [left, right] = [borders[index - 1] as number, borders[index] as number];
    // Between neighbouring knots both curves are cubic polynomials, for which Simpson's rule is exact.
    area += (sign * (right - left) * (gap(left) + 4 * gap((left + right) / 2) + gap(right))) / 6;
  }
  return { area, meanGap: area / (high - low), range: [low, high] };
}

function curveThrough(frontier: FrontierPoint[]) {
  return interpolateMonotone(
    frontier.map(({ x }) => x),
    frontier.map(({ y }) => y),
  );
}

function describeRange(frontier: FrontierPoint[]): string {
  const [first, last] = [frontier[0], frontier.at(-1)];
  if (!first || !last) return "no point";
  return first === last ? `only ${first.x}` : `${first.x} to ${last.x}`;
}
