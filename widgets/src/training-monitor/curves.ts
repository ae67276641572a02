const decay = 0.9;
const valuesAColumn = 3;

/** A column of a series: what the chart draws at one place of its axis. */
export interface CurveColumn {
  /** The step in the column's middle. */
  step: number;
  minimum: number;
  maximum: number;
  mean: number;
}

/**
 * A run's curves at the resolution of a chart. Every value enters the extremes of its column, so that a spike stays
 * visible however long the run; memory does not grow with it.
 */
export class CurveRecorder {
  readonly columns: number;
  readonly values: Float32Array;
  readonly #steps: number;
  readonly #sums: number[];
  #weight = 0;

  constructor(seriesCount: number, steps: number, columns: number) {
    this.columns = columns;
    this.#steps = steps;
    this.#sums = new Array<number>(seriesCount).fill(0);
    this.values = new Float32Array(seriesCount * columns * valuesAColumn).fill(Number.NaN);
  }

  /** Adds one finite value a series at `step`, 0 to the run's steps; `null` leaves a series out. */
  add(step: number, values: readonly (number | null)[]): void {
    // The weight counts events, so a series that is broken for some of them is still close to its mean.
    this.#weight = decay * this.#weight + (1 - decay);
    const column = Math.min(
      this.columns - 1,
      Math.floor((Math.max(0, step - 1) / this.#steps) * this.columns),
    );
    values.forEach((value, series) => {
      if (value === null) return;
      this.#sums[series] = decay * (this.#sums[series] ?? 0) + (1 - decay) * value;
      const start = (series * this.columns + column) * valuesAColumn;
      const [minimum, maximum] = [this.values[start] ?? Number.NaN, this.values[start + 1] ?? Number.NaN];
      this.values[start] = Number.isNaN(minimum) ? value : Math.min(minimum, value);
      this.values[start + 1] = Number.isNaN(maximum) ? value : Math.max(maximum, value);
      this.values[start + 2] = this.mean(series) ?? value;
    });
  }

  /** The running mean of a series, divided by the weight of the steps so far (Adam's bias correction). */
  mean(series: number): number | null {
    return this.#weight === 0 ? null : (this.#sums[series] ?? 0) / this.#weight;
  }
}

/** The columns of one series that hold a value. */
export function readCurve(
  values: Float32Array,
  series: number,
  columns: number,
  steps: number,
): CurveColumn[] {
  const curve: CurveColumn[] = [];
  for (let column = 0; column < columns; column++) {
    const start = (series * columns + column) * valuesAColumn;
    const [minimum, maximum, mean] = values.subarray(start, start + valuesAColumn);
    if (minimum === undefined || maximum === undefined || mean === undefined || Number.isNaN(minimum))
      continue;
    curve.push({ step: ((column + 0.5) / columns) * steps, minimum, maximum, mean });
  }
  return curve;
}

export interface ValueScale {
  ticks: number[];
  /** 0 (bottom) to 1 (top). */
  shareOf(value: number): number;
}

/** A value axis that holds the curves: powers of ten, or round values from zero. */
export function valueScale(curves: readonly CurveColumn[][], axis: "log" | "linear"): ValueScale {
  const all = curves.flat();
  const highest = Math.max(...all.map(({ maximum }) => maximum));
  if (axis === "log") {
    const positive = all.flatMap(({ minimum, mean }) => [minimum, mean]).filter((value) => value > 0);
    if (positive.length > 0 && highest > 0) return logScale(Math.min(...positive), highest);
  }
  const lowest = Math.min(0, ...all.map(({ minimum }) => minimum));
  return linearScale(lowest, Number.isFinite(highest) ? Math.max(highest, lowest) : 1);
}

function logScale(lowest: number, highest: number): ValueScale {
  const bottom = Math.log10(lowest) - 0.05;
  const top = Math.max(Math.log10(highest) + 0.05, bottom + 0.3);
  const powers = range(Math.ceil(bottom), Math.floor(top)).map((exponent) => 10 ** exponent);
  // Within one decade powers of ten are too few: 2 and 5 go between them.
  const between = range(Math.floor(bottom), Math.ceil(top)).flatMap((exponent) =>
    [1, 2, 5].map((digit) => digit * 10 ** exponent),
  );
  const inside = (value: number) => Math.log10(value) >= bottom && Math.log10(value) <= top;
  const candidates = powers.length >= 2 ? powers : between.filter(inside);
  const every = Math.ceil(candidates.length / 6);
  return {
    ticks: candidates.filter((_, index) => index % every === 0),
    shareOf: (value) => clampShare((Math.log10(Math.max(value, 10 ** bottom)) - bottom) / (top - bottom)),
  };
}

function linearScale(lowest: number, highest: number): ValueScale {
  const step = roundStep((highest - lowest || 1) / 4);
  const bottom = Math.floor(lowest / step) * step;
  const top = Math.max(bottom + step, Math.ceil(highest / step) * step);
  return {
    ticks: range(0, Math.round((top - bottom) / step)).map((index) => bottom + index * step),
    shareOf: (value) => clampShare((value - bottom) / (top - bottom)),
  };
}

/** Ticks of the step axis: about six round numbers from 0 to the end. */
export function stepTicks(steps: number, about = 6): number[] {
  const step = Math.max(1, roundStep(steps / about, [1, 2, 4, 5, 10]));
  return range(0, Math.floor(steps / step)).map((index) => index * step);
}

interface EndLabel {
  name: string;
  value: number;
  /** Of the line's end. */
  y: number;
  /** Of the first of the label's two lines of text. */
  labelY: number;
}

/** Labels at the ends of the curves, from the highest down, moved apart where they would overlap. */
export function endLabels(
  series: readonly string[],
  latest: readonly (number | null)[],
  yOf: (value: number) => number,
  bottom: number,
  heightPx = 30,
): EndLabel[] {
  const labels: EndLabel[] = [];
  series.forEach((name, index) => {
    const value = latest[index] ?? null;
    if (value !== null) labels.push({ name, value, y: yOf(value), labelY: yOf(value) });
  });
  labels.sort((first, second) => first.y - second.y);
  let highestFree = Number.NEGATIVE_INFINITY;
  for (const label of labels) {
    label.labelY = Math.max(label.y, highestFree);
    highestFree = label.labelY + heightPx;
  }
  // Upwards again from the axis, which the last label must not cross.
  let lowestFree = bottom - heightPx / 2 - 2;
  for (const label of labels.toReversed()) {
    label.labelY = Math.min(label.labelY, lowestFree);
    lowestFree = label.labelY - heightPx;
  }
  return labels;
}

function roundStep(rough: number, digits = [1, 2, 2.5, 5, 10]): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const digit = digits.find((candidate) => candidate * power >= rough * 0.999) ?? 10;
  return digit * power;
}

function clampShare(share: number): number {
  return Math.min(1, Math.max(0, share));
}

function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}
