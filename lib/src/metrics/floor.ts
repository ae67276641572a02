import { requireInteger } from "../options.js";
import { createRandom } from "../random.js";
import { requireCount } from "../statistics/check.js";
import { type Rows, requireFinite, sizeOf } from "./check.js";

/** What a metric says of two sets that do come from the same distribution. */
export interface Floor {
  mean: number;
  /** Between the divisions; 0 where there is only one. */
  std: number;
  /** Samples on each side. */
  samplesPerSide: number;
  values: number[];
}

export interface FloorOptions {
  /** Divisions; default 10. */
  repeats?: number;
  seed?: number;
}

/**
 * True against true: the metric between two random halves of one set of true samples, over several divisions. No model can
 * be expected to come below it. For a metric that depends on the number of samples (Frechet distance) give twice as many
 * true samples as the model's evaluation compares on each side. Ours: a definition, after no paper.
 *
 * @param metric of two sets; one that has to wait for an engine makes the floor a promise
 * @param samples `[count, ...]`, at least four; an odd one is left out
 * @throws DataError `ERR_TOO_FEW_SAMPLES`, `ERR_SHAPE_MISMATCH`, `ERR_NOT_FINITE`
 */
export function floorOf<Samples extends Rows>(
  metric: (first: Samples, second: Samples) => number,
  samples: Samples,
  options?: FloorOptions,
): Floor;
export function floorOf<Samples extends Rows>(
  metric: (first: Samples, second: Samples) => Promise<number>,
  samples: Samples,
  options?: FloorOptions,
): Promise<Floor>;
export function floorOf<Samples extends Rows>(
  metric: (first: Samples, second: Samples) => number | Promise<number>,
  samples: Samples,
  options: FloorOptions = {},
): Floor | Promise<Floor> {
  const divisions = divide(samples, 2, options) as Generator<[Samples, Samples], void>;
  const first = divisions.next().value as [Samples, Samples];
  const samplesPerSide = first[0].shape[0] as number;
  const value = metric(...first);
  if (typeof value === "number") {
    const values = [value];
    for (const halves of divisions) values.push(metric(...halves) as number);
    return summarise(values, samplesPerSide);
  }
  // One after the other: they share an engine.
  return (async () => {
    const values = [await value];
    for (const halves of divisions) values.push(await metric(...halves));
    return summarise(values, samplesPerSide);
  })();
}

/**
 * True against true for a metric of one set (a rate, a dimension, a spread): by how much its value differs between two
 * random halves of the true samples, |first - second|. A model's value that is nearer to the truth's than this is not to be
 * told from it with so many samples. Ours, like `floorOf`.
 *
 *     await floorOfDifference(async (some) => (await influenceMap(model, some)).meanLeakage, latents);
 *
 * @param metric of one set; one that has to wait for an engine makes the floor a promise
 * @param samples `[count, ...]`, at least four; an odd one is left out
 * @param options as for `floorOf`; `mean` and `std` are those of the absolute differences, in the metric's unit
 * @throws DataError as `floorOf`
 */
export function floorOfDifference<Samples extends Rows>(
  metric: (samples: Samples) => number,
  samples: Samples,
  options?: FloorOptions,
): Floor;
export function floorOfDifference<Samples extends Rows>(
  metric: (samples: Samples) => Promise<number>,
  samples: Samples,
  options?: FloorOptions,
): Promise<Floor>;
export function floorOfDifference<Samples extends Rows>(
  metric: (samples: Samples) => number | Promise<number>,
  samples: Samples,
  options: FloorOptions = {},
): Floor | Promise<Floor> {
  const difference = (first: Samples, second: Samples) => {
    const value = metric(first);
    if (typeof value === "number") return Math.abs(value - (metric(second) as number));
    return value.then(async (known) => Math.abs(known - (await metric(second))));
  };
  return floorOf(difference as (first: Samples, second: Samples) => number, samples, options);
}

/**
 * Random divisions of a set into equal parts; what is left over is left out.
 *
 * @throws DataError `ERR_TOO_FEW_SAMPLES` for less than two samples a part, `ERR_SHAPE_MISMATCH`, `ERR_NOT_FINITE`
 */
export function* divide<Samples extends Rows>(
  samples: Samples,
  parts: number,
  { repeats = 10, seed = 0 }: FloorOptions,
): Generator<Samples[], void> {
  requireInteger("repeats", repeats, 1);
  requireFinite("samples", samples, ["count", "..."]);
  const count = samples.shape[0] as number;
  requireCount("samples", count, 2 * parts);
  const size = Math.floor(count / parts);
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  const random = createRandom(seed);
  for (let repeat = 0; repeat < repeats; repeat++) {
    random.shuffle(order);
    yield Array.from({ length: parts }, (_, part) =>
      selectRows(samples, order.subarray(part * size, (part + 1) * size)),
    );
  }
}

/** @param values one a division */
export function summarise(values: number[], samplesPerSide: number): Floor {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: Math.sqrt(squares / Math.max(1, values.length - 1)), samplesPerSide, values };
}

function selectRows<Samples extends Rows>(samples: Samples, rows: Uint32Array): Samples {
  const size = sizeOf(samples.shape.slice(1));
  const data = samples.data.slice(0, rows.length * size);
  for (const [position, row] of rows.entries()) {
    data.set(samples.data.subarray(row * size, (row + 1) * size), position * size);
  }
  return { ...samples, data, shape: [rows.length, ...samples.shape.slice(1)] };
}
