import { Rate } from "./rate.js";

export interface BarOptions {
  label: string;
  /** Number of items; undefined where nobody knows. */
  total: number | undefined;
  unit: string;
}

export type BarState = "running" | "done" | "stopped";

/** One bar: its numbers, and how it reads. */
export class Bar {
  readonly options: BarOptions;
  readonly #rate: Rate;
  endMs: number | undefined;
  state: BarState = "running";

  constructor(options: BarOptions, nowMs = performance.now()) {
    this.options = options;
    this.#rate = new Rate(nowMs);
  }

  tick(nowMs = performance.now()): void {
    this.#rate.tick(nowMs);
  }

  /** @param state "stopped" where not all items were taken */
  end(state: BarState, nowMs = performance.now()): void {
    this.state = state;
    this.endMs = nowMs;
  }

  get count(): number {
    return this.#rate.count;
  }

  /** Between 0 and 1; undefined where the total is. */
  get share(): number | undefined {
    const { total } = this.options;
    if (total === undefined) return undefined;
    return total > 0 ? Math.min(1, this.count / total) : 1;
  }

  /** "67 of 100 · 12.3 items/s · 3 s left" */
  describe(nowMs = performance.now()): string {
    const { total, unit } = this.options;
    const counted = total === undefined ? `${this.count}` : `${this.count} of ${total}`;
    const count = unit ? `${counted} ${unit}` : counted;
    const elapsed = formatDuration(this.#rate.elapsedMs(this.endMs ?? nowMs));
    if (this.state !== "running") return join(count, this.#describeMean(), `in ${elapsed}`);
    const left = this.#leftMs();
    return join(count, this.#describeRate(), left === undefined ? elapsed : `${formatDuration(left)} left`);
  }

  #leftMs(): number | undefined {
    const { total } = this.options;
    const { itemMs } = this.#rate;
    return total === undefined || itemMs === undefined ? undefined : Math.max(0, total - this.count) * itemMs;
  }

  #describeRate(): string {
    return this.#rate.itemMs === undefined ? "" : formatRate(this.#rate.itemMs);
  }

  #describeMean(): string {
    if (this.count === 0 || this.endMs === undefined) return "";
    return formatRate(this.#rate.elapsedMs(this.endMs) / this.count);
  }
}

const join = (...parts: string[]) => parts.filter(Boolean).join(" · ");

/** "12.3 /s", or "2.5 s each" where one takes longer than a second. */
export function formatRate(itemMs: number): string {
  if (itemMs > 1000) return `${formatDuration(itemMs)} each`;
  const perSecond = 1000 / Math.max(itemMs, 1e-6);
  return `${perSecond >= 100 ? Math.round(perSecond) : Number(perSecond.toPrecision(3))} /s`;
}

/** "0.4 s", "12 s", "3 min 5 s", "2 h 10 min" */
export function formatDuration(durationMs: number): string {
  const seconds = durationMs / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}
