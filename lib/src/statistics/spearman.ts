import { sampleRankCorrelation } from "simple-statistics";
import { DataError } from "../errors.js";
import { createRandom } from "../random.js";
import { bootstrap, requireResampling } from "./bootstrap.js";
import { requirePairs, requireValues } from "./check.js";
import type { Interval, ResamplingOptions } from "./interval.js";

export interface RankCorrelation extends Interval {
  /** Two-sided: how often a random pairing is as far from 0. */
  pValue: number;
}

/**
 * Spearman's rank correlation (Spearman 1904, American Journal of Psychology 15(1)) with a BCa bootstrap interval over the
 * pairs (see `bootstrap`) and a permutation test of independence, which counts the pairing as it is among the permutations
 * (Phipson and Smyth 2010, Statistical Applications in Genetics and Molecular Biology 9(1)). Ties get their mean rank.
 *
 * @param first one number a model, its PSNR for example; at least four
 * @param second another number of the same models
 * @param options.resamples of the bootstrap, and permutations of the test
 * @throws DataError `ERR_SHAPE_MISMATCH`, `ERR_NOT_FINITE`; `ERR_TOO_FEW_SAMPLES` for fewer than four pairs or where one
 *   side is constant
 */
export function spearman(
  first: readonly number[],
  second: readonly number[],
  { confidence = 0.95, resamples = 2000, seed = 0 }: ResamplingOptions = {},
): RankCorrelation {
  requireResampling(confidence, resamples);
  requirePairs("first and second", first, second);
  requireValues("first", first, 4);
  requireValues("second", second, 4);
  for (const [name, values] of Object.entries({ first, second })) {
    if (new Set(values).size > 1) continue;
    throw new DataError("ERR_TOO_FEW_SAMPLES", `All of ${name} are ${values[0]}: a constant has no ranks.`);
  }
  const ofIndices = (drawn: number[]) =>
    sampleRankCorrelation(
      drawn.map((index) => first[index] as number),
      drawn.map((index) => second[index] as number),
    );
  const interval = bootstrap([...first.keys()], ofIndices, { confidence, resamples, seed });
  const random = createRandom(seed);
  const shuffled = [...second];
  const extreme = Math.abs(interval.estimate) - 1e-12; // equal but for rounding counts as equal
  let asExtreme = 1; // the pairing as it is, one of all possible (Phipson and Smyth 2010)
  for (let permutation = 0; permutation < resamples; permutation++) {
    if (Math.abs(sampleRankCorrelation(first, random.shuffle(shuffled))) >= extreme) asExtreme += 1;
  }
  return { ...interval, pValue: asExtreme / (resamples + 1) };
}
