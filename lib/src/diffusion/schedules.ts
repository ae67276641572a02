import { ConfigError } from "../errors.js";
import { requireInteger, requireNumber } from "../options.js";
import { shiftTime } from "./times.js";

/**
 * Times at which a sampler stops, from noise to clean: `steps + 1` numbers that fall evenly, `t_i = from + (to - from) i /
 * steps`, each moved by `shiftTimes` (Esser et al. 2024, arXiv:2403.03206, equation 23).
 *
 * @param options.from where sampling starts; 1 is pure noise
 * @param options.to where it ends; 0 is clean
 * @param options.shift see `shiftTimes`: more of the steps at high noise where it is above 1
 * @throws ConfigError for numbers out of range
 */
export function uniformSchedule(
  steps: number,
  { from = 1, to = 0, shift = 1 }: { from?: number; to?: number; shift?: number } = {},
): number[] {
  requireInteger("steps", steps, 1);
  requireNumber("to", to, 0);
  requireNumber("from - to", from - to, 0, true);
  requireNumber("shift", shift, 0, true);
  const even = (index: number) => from + ((to - from) * index) / steps;
  return Array.from({ length: steps + 1 }, (_, index) =>
    shiftTime(index === steps ? to : even(index), shift),
  );
}

/**
 * EDM's noise levels: `sigma^(1 / rho)` falls evenly from `max` to `min`, and a last step leads to 0 (Karras et al.
 * 2022, arXiv:2206.00364, equation 5): `steps + 1` numbers.
 *
 * @param options.sigmaData standard deviation of the clean data, as for `edm`
 * @param options.min default: the paper's 0.002 for data of standard deviation 0.5, and in proportion for others
 * @param options.max default: the paper's 80, likewise
 * @throws ConfigError for numbers out of range
 */
export function karrasSchedule(
  steps: number,
  {
    sigmaData = 1,
    min = 0.002 * (sigmaData / 0.5),
    max = 80 * (sigmaData / 0.5),
    rho = 7,
  }: { sigmaData?: number; min?: number; max?: number; rho?: number } = {},
): number[] {
  requireInteger("steps", steps, 1);
  requireNumber("sigmaData", sigmaData, 0, true);
  requireNumber("min", min, 0, true);
  requireNumber("max - min", max - min, 0, true);
  requireNumber("rho", rho, 0, true);
  const [first, last] = [max ** (1 / rho), min ** (1 / rho)];
  const level = (index: number) => (first + (index / Math.max(steps - 1, 1)) * (last - first)) ** rho;
  return [...Array.from({ length: steps }, (_, index) => level(index)), 0];
}

/** Throws ConfigError unless the times fall, from one above 0 to one of 0 or more. */
export function requireSchedule(times: readonly number[]): void {
  const falls = times.every((time, index) => index === 0 || time < (times[index - 1] as number));
  if (times.length >= 2 && times.every(Number.isFinite) && falls && (times.at(-1) as number) >= 0) return;
  throw new ConfigError(
    "ERR_OPTION_OUT_OF_RANGE",
    `The times of a sampler have to be two or more numbers that fall, down to 0 at the least, not [${times.join(", ")}].`,
  );
}
