import { gammaln } from "simple-statistics";
import { requireNumber } from "../options.js";
import { requireShare } from "./check.js";
import { normalQuantile } from "./normal.js";

/**
 * Probability that Student's t with `degreesOfFreedom` (above 0, fractions allowed) lies below `t`.
 *
 * The tail is half of `I_x(df / 2, 1 / 2)` at `x = df / (df + t^2)` (Abramowitz and Stegun 26.7.1).
 *
 * @throws ConfigError for degrees of freedom that are not above 0
 */
export function studentTProbability(t: number, degreesOfFreedom: number): number {
  requireNumber("degreesOfFreedom", degreesOfFreedom, 0, true);
  const tail = tailBeyond(Math.abs(t), degreesOfFreedom);
  return t < 0 ? tail : 1 - tail;
}

/**
 * Two-sided p-value: the probability of a t at least that far from 0, `I_x(df / 2, 1 / 2)` as in `studentTProbability`
 * (Abramowitz and Stegun 26.7.1), without loss of digits in the tails.
 *
 * @throws ConfigError for degrees of freedom that are not above 0
 */
export function studentTTwoSided(t: number, degreesOfFreedom: number): number {
  requireNumber("degreesOfFreedom", degreesOfFreedom, 0, true);
  return 2 * tailBeyond(Math.abs(t), degreesOfFreedom);
}

/**
 * The t below which Student's t lies with `probability`: 4.302653 for 0.975 and 2 degrees of freedom (three seeds). The
 * inverse of `studentTProbability`, by bisection.
 *
 * @throws ConfigError for a probability out of (0, 1) or degrees of freedom that are not above 0
 */
export function studentTQuantile(probability: number, degreesOfFreedom: number): number {
  requireShare("probability", probability);
  requireNumber("degreesOfFreedom", degreesOfFreedom, 0, true);
  if (probability === 0.5) return 0;
  const tail = Math.min(probability, 1 - probability);
  // The tails of t are heavier than the normal ones: its quantile is a lower bound. Doubled, it becomes an upper one.
  let low = -normalQuantile(tail);
  let high = 2 * low + 1;
  while (tailBeyond(high, degreesOfFreedom) > tail) {
    low = high;
    high *= 2;
  }
  for (let step = 0; step < 200 && high - low > 1e-15 * high; step++) {
    const middle = (low + high) / 2;
    if (tailBeyond(middle, degreesOfFreedom) > tail) low = middle;
    else high = middle;
  }
  const quantile = (low + high) / 2;
  return probability < 0.5 ? -quantile : quantile;
}

/** P(T > t) for t >= 0. */
function tailBeyond(t: number, degreesOfFreedom: number): number {
  if (t === Number.POSITIVE_INFINITY) return 0;
  return incompleteBeta(degreesOfFreedom / (degreesOfFreedom + t * t), degreesOfFreedom / 2, 0.5) / 2;
}

/** Regularised incomplete beta function `I_x(a, b)`. */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges fast below the mean; above it, the other tail is calculated.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const logBeta = gammaln(a) + gammaln(b) - gammaln(a + b);
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta) / a;
  return front / betaFraction(x, a, b);
}

/** The continued fraction of the incomplete beta function (Abramowitz and Stegun 26.5.8) by Lentz's method. */
function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300; // stands for 0 in denominators
  let value = 1;
  let numerator = 1;
  let denominator = 0;
  for (let index = 1; index < 20_000; index++) {
    const m = Math.floor(index / 2);
    const coefficient =
      index % 2 === 0
        ? (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
        : (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    denominator = 1 / (1 + coefficient * denominator || tiny);
    numerator = 1 + coefficient / numerator || tiny;
    value *= numerator * denominator;
    if (Math.abs(numerator * denominator - 1) < 1e-15) break;
  }
  return value;
}
