import { ConfigError } from "../errors.js";

/**
 * Holm's correction for several tests: adjusted p-values, in the order given. Those below alpha are significant with at
 * most alpha chance of any false one among all, whatever their dependence.
 *
 * Holm 1979, Scandinavian Journal of Statistics 6(2).
 *
 * @throws ConfigError for numbers outside of [0, 1]
 */
export function holm(pValues: readonly number[]): number[] {
  const broken = pValues.findIndex((p) => !(p >= 0 && p <= 1));
  if (broken >= 0) {
    throw new ConfigError(
      "ERR_OPTION_OUT_OF_RANGE",
      `pValues[${broken}] has to lie in [0, 1], not to be ${pValues[broken]}.`,
    );
  }
  const ascending = pValues.map((p, index) => ({ p, index })).sort((a, b) => a.p - b.p);
  const adjusted = new Array<number>(pValues.length);
  let largest = 0;
  for (const [rank, { p, index }] of ascending.entries()) {
    // Never below the one before: what is less extreme cannot become more significant.
    largest = Math.max(largest, Math.min(1, (pValues.length - rank) * p));
    adjusted[index] = largest;
  }
  return adjusted;
}
