import { roundUpToTick } from "../shared/colour-map.js";
import type { EncoderStatistics, ScaleMode } from "./state.js";

/** A point of a density's outline, in the scale shown. */
export interface DensityPoint {
  z: number;
  density: number;
}

/** One channel in the scale shown: what a panel draws and lists. */
export interface Panel {
  channel: number;
  mean: number;
  std: number;
  /** Share of values outside [-1, 1]. */
  outside: number;
  /** 1 / std: what would give this channel unit variance. */
  factor: number;
  /** Values, in the scale shown, between which each count lies. */
  edges: Float64Array;
  counts: readonly number[];
}

const shownBins = 56;
const largestDensity = 1.2;

/** Density of the unit normal. */
export function normalDensity(z: number): number {
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
}

/** Share of a unit normal below `z` (Abramowitz and Stegun 26.2.17, error below 7.5e-8). */
export function normalShareBelow(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const polynomial =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = normalDensity(z) * polynomial;
  return z > 0 ? 1 - tail : tail;
}

/** The panels of an encoder in a scale: (z − shift) · factor for each channel. */
export function panelsOf(encoder: EncoderStatistics, scale: ScaleMode): Panel[] {
  return encoder.channels.map((statistics, channel) => {
    const factor =
      scale === "raw" ? 1 : scale === "one" ? encoder.flattened.scaleFactor : statistics.scaleFactor;
    const shift = scale === "channel" ? statistics.mean : 0;
    const panel: Panel = {
      channel,
      mean: (statistics.mean - shift) * factor,
      std: statistics.std * factor,
      outside: statistics.outside,
      factor: 1 / (statistics.std * factor),
      edges: Float64Array.from(encoder.edges, (edge) => (edge - shift) * factor),
      counts: statistics.counts,
    };
    // Raw, the share was counted value by value; in another scale ±1 falls inside bins.
    return scale === "raw" ? panel : { ...panel, outside: 1 - shareBetween(panel, -1, 1) };
  });
}

/** Share of the channel's values in `[low, high]`, bins cut in proportion. */
export function shareBetween({ edges, counts }: Panel, low: number, high: number): number {
  let inside = 0;
  let total = 0;
  counts.forEach((count, bin) => {
    const left = edges[bin] ?? 0;
    const right = edges[bin + 1] ?? 0;
    const overlap = Math.min(right, high) - Math.max(left, low);
    total += count;
    if (overlap > 0) inside += (count * overlap) / (right - left);
  });
  return total > 0 ? inside / total : Number.NaN;
}

/** Half width of the common axis: holds 99.9 % of every channel, at least 4. */
export function axisEnd(panels: readonly Panel[]): number {
  return Math.max(4, roundUpToTick(Math.max(...panels.map(reach))));
}

/** Largest distance from zero of the panel's values but for 0.05 % at either end. */
function reach({ edges, counts }: Panel): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let below = 0;
  let low = 0;
  let high = 0;
  counts.forEach((count, bin) => {
    if (below <= 0.0005 * total) low = edges[bin] ?? 0;
    if (below < 0.9995 * total) high = edges[bin + 1] ?? 0;
    below += count;
  });
  return Math.max(Math.abs(low), Math.abs(high));
}

/** Upper end of the common density axis. What is higher is cut off there. */
export function densityEnd(panels: readonly Panel[], end: number): number {
  const highest = Math.max(...panels.flatMap((panel) => outline(panel, end).map((point) => point.density)));
  return Math.min(largestDensity, Math.max(0.45, 1.08 * highest));
}

/** The histogram's outline over `[-end, end]`: two points a bin, fine bins put together to about 56. */
export function outline({ edges, counts }: Panel, end: number): DensityPoint[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const fineWidth = (edges[1] ?? 0) - (edges[0] ?? 0);
  const together = Math.max(1, Math.round((2 * end) / fineWidth / shownBins));
  // Bins that begin at zero's edge keep the figure symmetric whatever is put together.
  const zeroEdge = edges.findIndex((edge) => edge >= -fineWidth / 1000);
  const points: DensityPoint[] = [];
  for (let bin = Math.max(0, zeroEdge) % together; bin + together <= counts.length; bin += together) {
    const left = edges[bin] ?? 0;
    const right = edges[bin + together] ?? 0;
    if (right <= -end || left >= end) continue;
    let count = 0;
    for (let fine = bin; fine < bin + together; fine++) count += counts[fine] ?? 0;
    const density = total > 0 ? count / total / (right - left) : 0;
    points.push({ z: Math.max(left, -end), density }, { z: Math.min(right, end), density });
  }
  return points;
}

/** The part of an outline within `[low, high]`, cut exactly there. */
export function cutOutline(points: readonly DensityPoint[], low: number, high: number): DensityPoint[] {
  const part: DensityPoint[] = [];
  for (let index = 0; index + 1 < points.length; index += 2) {
    const [from, to] = [points[index], points[index + 1]];
    if (!from || !to || to.z <= low || from.z >= high) continue;
    part.push(
      { z: Math.max(from.z, low), density: from.density },
      { z: Math.min(to.z, high), density: to.density },
    );
  }
  return part;
}

/** Ticks of the value axis: ±1 where there is room for them, else a round value on both sides. */
export function axisTicks(end: number): number[] {
  if (end <= 6) return [-3, -1, 0, 1, 3];
  const outer = [1, 2, 5].flatMap((digit) => [0.1, 1, 10, 100, 1000].map((power) => digit * power));
  const tick = Math.max(...outer.filter((value) => value <= 0.75 * end));
  return [-tick, 0, tick];
}
