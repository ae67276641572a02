import { DataError } from "../errors.js";
import { requireInteger } from "../options.js";
import { createRandom } from "../random.js";
import { requireCount, requireValues } from "./check.js";
import { standardise } from "./interval.js";
import { normalProbability } from "./normal.js";

/** What the groups do in their order, under the alternative. */
export type Trend = "increasing" | "decreasing" | "either";

export interface TrendTest {
  /** Pairs of values from different groups that increase in the groups' order; ties count one half. */
  statistic: number;
  /** Of the statistic without a trend. */
  mean: number;
  /** Of the statistic without a trend, with ties. */
  variance: number;
  /** Standardised statistic: positive for an increase. */
  z: number;
  /** By the normal approximation. */
  pValue: number;
  /** By random permutations of the values over the groups: holds for few values as well. */
  permutationPValue: number;
}

/**
 * Jonckheere-Terpstra test: do values rise (or fall) from group to group in an order that was known beforehand, such as the
 * spatial size of a latent?
 *
 * Jonckheere 1954, Biometrika 41; variance with ties as in Hollander and Wolfe, "Nonparametric Statistical Methods", 6.2.
 *
 * @param groups in the order of the presumed trend, at least two, each with at least one value
 * @throws DataError `ERR_TOO_FEW_SAMPLES` for too few groups or values, or where all values are equal; `ERR_NOT_FINITE`
 */
export function testTrend(
  groups: readonly (readonly number[])[],
  {
    trend = "either",
    permutations = 2000,
    seed = 0,
  }: { trend?: Trend; permutations?: number; seed?: number } = {},
): TrendTest {
  requireInteger("permutations", permutations, 1);
  requireCount("groups", groups.length, 2);
  for (const [index, group] of groups.entries()) requireValues(`groups[${index}]`, group, 1);
  const values = groups.flat();
  requireCount("values of all groups", values.length, 3);
  if (new Set(values).size === 1) {
    throw new DataError("ERR_TOO_FEW_SAMPLES", `All values are ${values[0]}: there is no order to test.`);
  }
  const sizes = groups.map((group) => group.length);
  const statistic = countIncreases(values, sizes);
  const { mean, variance } = momentsWithoutTrend(values, sizes);
  const z = standardise(statistic - mean, Math.sqrt(variance));
  const evidence = (value: number) => {
    if (trend === "either") return Math.abs(value - mean);
    return trend === "increasing" ? value - mean : mean - value;
  };
  const random = createRandom(seed);
  const shuffled = [...values];
  let asExtreme = 1; // the order as it is, one of all possible (Phipson and Smyth 2010)
  for (let permutation = 0; permutation < permutations; permutation++) {
    if (evidence(countIncreases(random.shuffle(shuffled), sizes)) >= evidence(statistic)) asExtreme += 1;
  }
  return {
    statistic,
    mean,
    variance,
    z,
    pValue: pValueOf(z, trend),
    permutationPValue: asExtreme / (permutations + 1),
  };
}

function pValueOf(z: number, trend: Trend): number {
  if (trend === "either") return 2 * normalProbability(-Math.abs(z));
  return normalProbability(trend === "increasing" ? -z : z);
}

function countIncreases(values: readonly number[], sizes: readonly number[]): number {
  let count = 0;
  let start = 0;
  for (const size of sizes) {
    const next = start + size;
    for (let first = start; first < next; first++) {
      for (let second = next; second < values.length; second++) {
        const difference = (values[second] as number) - (values[first] as number);
        if (difference > 0) count += 1;
        else if (difference === 0) count += 0.5;
      }
    }
    start = next;
  }
  return count;
}

function momentsWithoutTrend(values: readonly number[], sizes: readonly number[]) {
  const count = values.length;
  const ties = new Map<number, number>();
  for (const value of values) ties.set(value, (ties.get(value) ?? 0) + 1);
  const sum = (numbers: Iterable<number>, term: (n: number) => number) =>
    [...numbers].reduce((total, n) => total + term(n), 0);
  const whole = (n: number) => n * (n - 1) * (2 * n + 5);
  const triples = (n: number) => n * (n - 1) * (n - 2);
  const pairs = (n: number) => n * (n - 1);
  const mean = (count ** 2 - sum(sizes, (n) => n ** 2)) / 4;
  const variance =
    (whole(count) - sum(sizes, whole) - sum(ties.values(), whole)) / 72 +
    (sum(sizes, triples) * sum(ties.values(), triples)) / (36 * triples(count)) +
    (sum(sizes, pairs) * sum(ties.values(), pairs)) / (8 * pairs(count));
  return { mean, variance };
}
