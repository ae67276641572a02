import { createRandom, type Random } from "../random.js";
import { requireCount } from "../statistics/check.js";
import { type Rows, requireSameSamples } from "./check.js";
import { squaredDistance, type Table, toTable } from "./dot.js";
import { divide, type Floor, type FloorOptions, summarise } from "./floor.js";

export interface Memorisation {
  /**
   * Mean distance of generated samples to their nearest training sample, divided by that to their nearest held-out
   * sample: 1 for a model that has learned the distribution, below 1 for one that repeats its training set.
   */
  ratio: number;
  /** Share of generated samples that lie nearer to the training set; ties count one half. Without memorisation 0.5. */
  closerToTrain: number;
}

/**
 * Does a model repeat what it was trained on? Nearest neighbours by Euclidean distance, in the training set and in a
 * held-out set of equal size: the larger one is thinned at random, since more samples lie nearer to anything. The numbers
 * are ours (see `Memorisation`); to compare with held-out samples is the idea of Meehan, Chaudhuri and Dasgupta 2020
 * (arXiv:2004.05675), who make a test of it.
 *
 * @param sets.generated `[count, ...]`, features or pixels, like both others
 * @throws DataError `ERR_TOO_FEW_SAMPLES` where a set is empty, `ERR_SHAPE_MISMATCH`, `ERR_NOT_FINITE`
 */
export function memorisation(
  { generated, train, heldOut }: { generated: Rows; train: Rows; heldOut: Rows },
  { seed = 0 }: { seed?: number } = {},
): Memorisation {
  requireSameSamples(["generated", "train"], generated, train);
  requireSameSamples(["generated", "heldOut"], generated, heldOut);
  for (const [name, set] of Object.entries({ generated, train, heldOut })) {
    requireCount(name, set.shape[0] as number, 1);
  }
  const [samples, trainTable, heldOutTable] = [toTable(generated), toTable(train), toTable(heldOut)];
  const count = Math.min(trainTable.count, heldOutTable.count);
  const random = createRandom(seed);
  const [trainRows, heldOutRows] = [thin(trainTable, count, random), thin(heldOutTable, count, random)];
  let [toTrain, toHeldOut, closer] = [0, 0, 0];
  for (let row = 0; row < samples.count; row++) {
    const near = nearestDistance(samples, row, trainTable, trainRows);
    const nearHeldOut = nearestDistance(samples, row, heldOutTable, heldOutRows);
    toTrain += near;
    toHeldOut += nearHeldOut;
    if (near < nearHeldOut) closer += 1;
    else if (near === nearHeldOut) closer += 0.5;
  }
  // Copies of samples that are in both sets lie at 0 from either: no sign of memorisation.
  const ratio = toTrain === toHeldOut ? 1 : toTrain / toHeldOut;
  return { ratio, closerToTrain: closer / samples.count };
}

/**
 * True against true: what `memorisation` says of a model that has learned the distribution itself, namely of random thirds
 * of one set of true samples as generated, training and held-out samples. The ratio is 1 on average; its spread is what a
 * model's has to be told from. Ours, like `floorOf`.
 *
 * @param samples `[count, ...]`, at least six; give three times as many as the smallest of a model's three sets
 * @throws ConfigError for `repeats`, DataError `ERR_TOO_FEW_SAMPLES`, `ERR_SHAPE_MISMATCH`, `ERR_NOT_FINITE`
 */
export function memorisationFloor(
  samples: Rows,
  options: FloorOptions = {},
): { ratio: Floor; closerToTrain: Floor } {
  const results: Memorisation[] = [];
  for (const [generated, train, heldOut] of divide(samples, 3, options) as Generator<[Rows, Rows, Rows]>) {
    results.push(memorisation({ generated, train, heldOut }));
  }
  const samplesPerSide = Math.floor((samples.shape[0] as number) / 3);
  const floorOfAll = (name: keyof Memorisation) =>
    summarise(
      results.map((result) => result[name]),
      samplesPerSide,
    );
  return { ratio: floorOfAll("ratio"), closerToTrain: floorOfAll("closerToTrain") };
}

function thin({ count }: Table, wanted: number, random: Random): Uint32Array {
  const rows = Uint32Array.from({ length: count }, (_, index) => index);
  return random.shuffle(rows).subarray(0, wanted);
}

/** How many values are compared before looking whether a row is already too far off. */
const stride = 64;

function nearestDistance(samples: Table, sample: number, set: Table, rows: Uint32Array): number {
  const { data, size } = samples;
  let nearest = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    let square = 0;
    for (let start = 0; start < size && square < nearest; start += stride) {
      square += squaredDistance(
        data,
        sample * size + start,
        set.data,
        row * size + start,
        Math.min(stride, size - start),
      );
    }
    nearest = Math.min(nearest, square);
  }
  return Math.sqrt(nearest);
}
