import { DataError } from "../errors.js";
import { requireNumber } from "../options.js";

/**
 * Throws unless there are at least `minimum` values and all are finite.
 *
 * @throws DataError `ERR_TOO_FEW_SAMPLES` or `ERR_NOT_FINITE`
 */
export function requireValues(name: string, values: readonly number[], minimum: number): void {
  const broken = values.findIndex((value) => !Number.isFinite(value));
  if (broken >= 0) {
    throw new DataError(
      "ERR_NOT_FINITE",
      `${name}[${broken}] is ${values[broken]}. Look for what made it; leaving such runs out would bias the result.`,
    );
  }
  requireCount(name, values.length, minimum);
}

/** Throws DataError `ERR_TOO_FEW_SAMPLES` unless `count` is at least `minimum`. */
export function requireCount(name: string, count: number, minimum: number): void {
  if (count >= minimum) return;
  throw new DataError("ERR_TOO_FEW_SAMPLES", `${name}: ${count} given, at least ${minimum} needed.`);
}

/** Throws DataError `ERR_SHAPE_MISMATCH` unless both lengths are the same. */
export function requirePairs(names: string, first: ArrayLike<unknown>, second: ArrayLike<unknown>): void {
  if (first.length === second.length) return;
  throw new DataError(
    "ERR_SHAPE_MISMATCH",
    `${names} belong together in pairs, but ${first.length} and ${second.length} are given.`,
  );
}

/** Throws ConfigError unless `share` (a confidence, a significance level) lies in (0, 1). */
export function requireShare(name: string, share: number): void {
  requireNumber(name, share, 0, true);
  requireNumber(`1 - ${name}`, 1 - share, 0, true);
}
