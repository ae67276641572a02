import { probit } from "simple-statistics";
import { requireShare } from "./check.js";

/** Density of N(0, 1). */
export function normalDensity(z: number): number {
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
}

/**
 * Probability that a standard normal number lies below `z`, to about 13 digits, in the tails as well.
 *
 * Near 0 by the series `1/2 + density(z) (z + z^3/3 + z^5/(3 5) + ...)` (Marsaglia 2004, Journal of Statistical Software
 * 11(4)), in the tails by the continued fraction of Mills' ratio (Abramowitz and Stegun 26.2.14).
 */
export function normalProbability(z: number): number {
  if (z > 2) return 1 - normalProbability(-z);
  if (z >= -2) {
    let term = z;
    let sum = z;
    for (let odd = 3; sum + term !== sum; odd += 2) {
      term *= (z * z) / odd;
      sum += term;
    }
    return 0.5 + sum * normalDensity(z);
  }
  let fraction = -z;
  for (let depth = 200; depth >= 1; depth--) fraction = -z + depth / fraction;
  return normalDensity(z) / fraction;
}

/**
 * The `z` below which a standard normal number lies with `probability`: 1.959964 for 0.975.
 *
 * The inverse of `normalProbability`, by Newton's method on the logarithm of the probability: the first guess (`probit` of
 * simple-statistics) is good for three digits, and each step doubles them.
 *
 * @throws ConfigError for a probability out of (0, 1)
 */
export function normalQuantile(probability: number): number {
  requireShare("probability", probability);
  if (probability > 0.5) return -normalQuantile(1 - probability);
  // The tail as exp(-z^2 / 2) where probit has no digits left.
  let z = probability > 1e-9 ? probit(probability) : -Math.sqrt(-2 * Math.log(probability));
  for (let step = 0; step < 8; step++) {
    // Newton on the logarithm, which is concave: it converges from both sides of the far tail.
    const below = normalProbability(z);
    z -= (Math.log(below / probability) * below) / normalDensity(z);
  }
  return z;
}
