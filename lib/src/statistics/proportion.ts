import { ConfigError } from "../errors.js";
import { requireInteger } from "../options.js";
import { requireShare } from "./check.js";
import type { Interval } from "./interval.js";
import { normalQuantile } from "./normal.js";

/**
 * Wilson's score interval of a rate, of valid pictures for example. Unlike `p ± 1.96 sqrt(p (1 - p) / n)` it stays within
 * [0, 1] and keeps its width at rates of 0 and 1.
 *
 * Wilson 1927, Journal of the American Statistical Association 22(158).
 *
 * @param successes whole number, 0 to `trials`
 * @param trials whole number, at least 1
 * @param options.confidence default 0.95
 * @throws ConfigError for counts that are none, more successes than trials, or a confidence out of (0, 1)
 */
export function proportionInterval(
  successes: number,
  trials: number,
  { confidence = 0.95 }: { confidence?: number } = {},
): Interval {
  requireInteger("trials", trials, 1);
  requireInteger("successes", successes, 0);
  requireShare("confidence", confidence);
  if (successes > trials) {
    throw new ConfigError(
      "ERR_OPTION_OUT_OF_RANGE",
      `${successes} successes in ${trials} trials: give the successes first.`,
    );
  }
  const rate = successes / trials;
  const square = normalQuantile((1 + confidence) / 2) ** 2;
  const centre = (successes + square / 2) / (trials + square);
  const margin =
    Math.sqrt(square * ((rate * (1 - rate)) / trials + square / (4 * trials ** 2))) / (1 + square / trials);
  // At the ends the bound is the rate itself; rounding must not push it across.
  return {
    estimate: rate,
    low: successes === 0 ? 0 : centre - margin,
    high: successes === trials ? 1 : centre + margin,
    confidence,
  };
}
