import { formatCount, formatDuration, formatNumber, formatQuantity } from "../shared/format.js";
import type { TrainingMonitorState } from "./state.js";

type Progress = Pick<
  TrainingMonitorState,
  "steps" | "step" | "elapsedMs" | "stepsPerSecond" | "imagesPerSecond" | "status"
>;

export const readOutNames = {
  step: "step",
  throughput: "throughput",
  images: "images per second",
  elapsed: "elapsed",
  remaining: "remaining",
} as const;

/** The numbers beside the chart. */
export function readOuts(state: Progress): Record<keyof typeof readOutNames, string> {
  const { steps, step, elapsedMs, stepsPerSecond, imagesPerSecond, status } = state;
  const running = status === "running";
  // From the whole run's pace: steadier than the throughput of the last seconds.
  const remainingMs = step > 0 ? (elapsedMs / step) * (steps - step) : null;
  return {
    step: `${formatCount(step)} of ${formatCount(steps)}`,
    throughput: stepsPerSecond === null ? "–" : `${formatNumber(stepsPerSecond, 1)} steps/s`,
    images: imagesPerSecond === null ? "–" : formatCount(imagesPerSecond),
    elapsed: status === "waiting" ? "–" : formatDuration(elapsedMs),
    remaining: running && remainingMs !== null ? formatDuration(remainingMs) : "–",
  };
}

/** "waiting for the first step", "running", "failed": the run's state in words. */
export function statusText({ status, broken }: Pick<TrainingMonitorState, "status" | "broken">): string {
  const words = status === "waiting" ? "waiting for the first step" : status;
  return broken ? `${words}; ${broken.series} is not finite from step ${formatCount(broken.step)}` : words;
}

export function latestText(name: string, value: number | null): string {
  return value === null ? `${name} –` : `${name} ${formatQuantity(value)}`;
}

/** A tick of the loss axis: plain where that is short, else a power of ten, `2 × 10⁻⁴` or `10⁻⁴`. */
export function formatLossTick(value: number): string {
  const magnitude = Math.abs(value);
  if (value === 0 || (magnitude >= 0.01 && magnitude < 100_000))
    return String(Number(value.toPrecision(3))).replace("-", "−");
  return formatQuantity(value, 1)
    .replace(/\.0(?= ×)/, "")
    .replace(/^1 × /, "");
}
