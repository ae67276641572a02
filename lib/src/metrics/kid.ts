import { requireInteger } from "../options.js";
import { createRandom } from "../random.js";
import { requireCount } from "../statistics/check.js";
import { type Rows, requireSameSamples } from "./check.js";
import { dot, type Table, toTable } from "./dot.js";

/**
 * Kernel distance between two sets of features: the squared maximum mean discrepancy with the kernel `(x y / features + 1)^3`,
 * without bias, over all samples; with the features of Inception v3 it is called KID (Binkowski et al. 2018,
 * arXiv:1801.01401, section 4). 0 on average for equal distributions, and then below 0 as often as above.
 *
 * @param first features `[count, features]` of one set, at least two
 * @param second features of the other one; the counts may differ
 * @throws DataError `ERR_TOO_FEW_SAMPLES`, `ERR_SHAPE_MISMATCH`, `ERR_NOT_FINITE`
 */
export function kid(first: Rows, second: Rows): number {
  const [x, y] = requireFeatures(first, second);
  return discrepancy(x, y, allOf(x), allOf(y));
}

/** Mean and spread of `kid` over random subsets: how the literature reports it. */
export interface KidOfSubsets {
  mean: number;
  /** Of the subsets' values. They share samples: it is no standard error of the mean. */
  std: number;
  values: number[];
}

/**
 * `kid` of random subsets, each drawn without replacement. More noisy than `kid` of all samples and slower; for
 * comparison with published numbers (100 subsets of 1000; Binkowski et al. 2018, arXiv:1801.01401).
 *
 * @param first features `[count, features]` of one set
 * @param second features of the other one; the counts may differ
 * @param options.subsetSize of both sets; at most the smaller count
 * @throws what `kid` throws, also for sets smaller than a subset; ConfigError for an option out of range
 */
export function kidOfSubsets(
  first: Rows,
  second: Rows,
  {
    subsets = 100,
    subsetSize = 1000,
    seed = 0,
  }: { subsets?: number; subsetSize?: number; seed?: number } = {},
): KidOfSubsets {
  const [x, y] = requireFeatures(first, second);
  requireInteger("subsets", subsets, 2);
  requireInteger("subsetSize", subsetSize, 2);
  requireCount("first features", x.count, subsetSize);
  requireCount("second features", y.count, subsetSize);
  const random = createRandom(seed);
  const draw = (set: Table) => random.shuffle(allOf(set)).subarray(0, subsetSize);
  const values = Array.from({ length: subsets }, () => discrepancy(x, y, draw(x), draw(y)));
  const mean = values.reduce((sum, value) => sum + value, 0) / subsets;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: Math.sqrt(squares / subsets), values };
}

function requireFeatures(first: Rows, second: Rows): [Table, Table] {
  requireSameSamples(["first features", "second features"], first, second);
  const tables: [Table, Table] = [toTable(first), toTable(second)];
  requireCount("first features", tables[0].count, 2);
  requireCount("second features", tables[1].count, 2);
  return tables;
}

const allOf = ({ count }: Table) => Uint32Array.from({ length: count }, (_, index) => index);

/** The chosen rows of both sets. Pairs of a sample with itself are left out: they are what would bias the estimate. */
function discrepancy(first: Table, second: Table, firstRows: Uint32Array, secondRows: Uint32Array): number {
  const [m, n] = [firstRows.length, secondRows.length];
  const withinFirst = 2 * kernelSum(first, first, firstRows, firstRows, true);
  const withinSecond = 2 * kernelSum(second, second, secondRows, secondRows, true);
  const between = kernelSum(first, second, firstRows, secondRows, false);
  return withinFirst / (m * (m - 1)) + withinSecond / (n * (n - 1)) - (2 * between) / (m * n);
}

/** Sum of the kernel over all pairs of rows, or over each pair of different rows once. */
function kernelSum(
  first: Table,
  second: Table,
  firstRows: Uint32Array,
  secondRows: Uint32Array,
  once: boolean,
): number {
  const { size } = first;
  let total = 0;
  for (let position = 0; position < firstRows.length; position++) {
    const start = (firstRows[position] as number) * size;
    for (let other = once ? position + 1 : 0; other < secondRows.length; other++) {
      const product = dot(first.data, start, second.data, (secondRows[other] as number) * size, size);
      total += (product / size + 1) ** 3;
    }
  }
  return total;
}
