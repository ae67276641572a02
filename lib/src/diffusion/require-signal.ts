import { ConfigError } from "../errors.js";
import type { Denoiser } from "./denoiser.js";

/** Throws ConfigError where the path has less signal at `time` than the denoiser needs. */
export function requireSignal<Condition>({ path, minSignal = 0 }: Denoiser<Condition>, time: number): void {
  const { signal } = path.at(time);
  if (signal >= minSignal) return;
  throw new ConfigError(
    "ERR_OPTION_OUT_OF_RANGE",
    `At time ${time} the path "${path.name}" has a signal of ${signal.toExponential(1)} left, and the estimate divides by it. Start a little later, for example uniformSchedule(steps, { from: 0.99 }), or take velocityDdpm.`,
  );
}
