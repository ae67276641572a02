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

/**
 * True against true: the metric between two random halves of one set of true samples, over several divisions. No model can
 * be expected to come below it. For a metric that depends on the number of samples (Frechet distance) give twice as many
 * true samples as the model's evaluation compares on each side.
 *
 * @param metric of two sets
 * @param samples `[count, ...]`, at least four; an odd one is left out
 * @param options.repeats divisions; default 10
 * @throws DataError `ERR_TOO_FEW_SAMPLES`, `ERR_SHAPE_MISMATCH`, `ERR_NOT_FINITE`
 */
export function floorOf<Samples extends Rows>(
  metric: (first: Samples, second: Samples) => number,
  samples: Samples,
  { repeats = 10, seed = 0 }: { repeats?: number; seed?: number } = {},
): Floor {
  requireInteger("repeats", repeats, 1);
  requireFinite("samples", samples, ["count", "..."]);
  const count = samples.shape[0] as number;
  requireCount("samples", count, 4);
  const half = Math.floor(count / 2);
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  const random = createRandom(seed);
  const values = Array.from({ length: repeats }, () => {
    random.shuffle(order);
    return metric(
      selectRows(samples, order.subarray(0, half)),
      selectRows(samples, order.subarray(half, 2 * half)),
    );
  });
  const mean = values.reduce((sum, value) => sum + value, 0) / repeats;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: Math.sqrt(squares / Math.max(1, repeats - 1)), samplesPerSide: half, values };
}

/**
 * True against true for a metric of one set (a rate, a dimension, a spread): by how much its value differs between two
 * random halves of the true samples, |first - second|. A model's value that is nearer to the truth's than this is not to be
 * told from it with so many samples.
 *
 * @param metric of one set
 * @param samples `[count, ...]`, at least four; an odd one is left out
 * @param options as for `floorOf`; `mean` and `std` are those of the absolute differences, in the metric's unit
 * @throws DataError as `floorOf`
 */
export function floorOfDifference<Samples extends Rows>(
  metric: (samples: Samples) => number,
  samples: Samples,
  options: { repeats?: number; seed?: number } = {},
): Floor {
  return floorOf((first: Samples, second) => Math.abs(metric(first) - metric(second)), samples, options);
}

function selectRows<Samples extends Rows>(samples: Samples, rows: Uint32Array): Samples {
  const size = sizeOf(samples.shape.slice(1));
  const data = samples.data.slice(0, rows.length * size);
  for (const [position, row] of rows.entries()) {
    data.set(samples.data.subarray(row * size, (row + 1) * size), position * size);
  }
  return { ...samples, data, shape: [rows.length, ...samples.shape.slice(1)] };
}
