import { WidgetError } from "../shared/errors.js";
import { LatentWidget } from "../shared/latent-widget.js";
import { CurveRecorder } from "./curves.js";
import type { RunStatus, TrainingMonitorState } from "./state.js";
import { describeTrainingMonitor, drawTrainingMonitor } from "./static.js";

/** One step of a run. Besides these, every field that is named in `series` is a number. */
export interface TrainingEvent {
  /** 1 is the first. */
  readonly step: number;
  /** Since the run began; measured by the monitor where it is left out. */
  readonly elapsedMs?: number;
  readonly imagesPerSecond?: number;
}

export interface TrainingMonitorOptions {
  /** Steps of the whole run. */
  steps: number;
  /** Which fields of the events are drawn, the first solid and the others dashed; reconstruction and kl by default. */
  series?: readonly string[];
  title?: string;
  /** What is trained, in the header beside the title. */
  caption?: string;
}

/** The view gets at most ten states a second. */
const updateIntervalMs = 100;
const largestColumns = 300;
/** Throughput is that of the last seconds, so that it follows a change of load. */
const throughputWindowMs = 5000;

/** Names of the errors by which a reader's interrupt arrives: an `AbortSignal`'s own, and the kernel's. */
const interruptions = new Set(["AbortError", "KeyboardInterrupt"]);

/**
 * A live loss chart with progress and throughput. `push` is cheap: it may be called on every step of a long run.
 */
export class TrainingMonitor extends LatentWidget<TrainingMonitorState> {
  readonly #recorder: CurveRecorder;
  readonly #startedMs = performance.now();
  readonly #recent: { step: number; elapsedMs: number }[] = [];
  #pending: Partial<TrainingMonitorState> | null = null;
  #sentMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  /** Throws `WidgetError` with `ERR_OUT_OF_RANGE` or `ERR_EMPTY`. */
  constructor(options: TrainingMonitorOptions) {
    const { steps, series = ["reconstruction", "kl"] } = options;
    if (!Number.isInteger(steps) || steps < 1) {
      throw new WidgetError(
        "ERR_OUT_OF_RANGE",
        `steps: expected the run's length, a whole number from 1, got ${steps}.`,
      );
    }
    if (series.length === 0)
      throw new WidgetError("ERR_EMPTY", "series: expected the name of at least one curve.");
    const columns = Math.min(steps, largestColumns);
    const recorder = new CurveRecorder(series.length, steps, columns);
    super("training-monitor", {
      title: options.title ?? "TrainingMonitor",
      caption: options.caption ?? "",
      steps,
      series: [...series],
      status: "waiting",
      step: 0,
      elapsedMs: 0,
      stepsPerSecond: null,
      imagesPerSecond: null,
      latest: series.map(() => null),
      columns,
      curves: recorder.values.slice(),
      axis: "log",
      broken: null,
      error: null,
    });
    this.#recorder = recorder;
  }

  /**
   * Records one step. Throws `WidgetError`: `ERR_MONITOR_ENDED` after `finish` or `fail`, `ERR_SERIES_MISSING` for an
   * event without one of the series, `ERR_OUT_OF_RANGE` for a step beyond the run. A loss that is not finite is no
   * error here: the chart leaves it out and says at which step it came.
   */
  push(event: TrainingEvent): void {
    const { status, steps, series } = this.state.get();
    if (status !== "waiting" && status !== "running") {
      throw new WidgetError(
        "ERR_MONITOR_ENDED",
        `This monitor's run has ${status}. Make a new TrainingMonitor for a new run.`,
      );
    }
    if (!Number.isInteger(event.step) || event.step < 0 || event.step > steps) {
      throw new WidgetError(
        "ERR_OUT_OF_RANGE",
        `step: expected a whole number from 0 to ${steps}, got ${event.step}.`,
      );
    }
    const values = series.map((name) => {
      const value = (event as unknown as Record<string, unknown>)[name];
      if (typeof value === "number") return value;
      throw new WidgetError(
        "ERR_SERIES_MISSING",
        `The event has no number "${name}"; it has ${Object.keys(event).join(", ")}. Name the curves with { series }.`,
      );
    });
    this.#recorder.add(
      event.step,
      values.map((value) => (Number.isFinite(value) ? value : null)),
    );
    const brokenSeries = series[values.findIndex((value) => !Number.isFinite(value))];
    const broken = this.#pending?.broken ?? this.state.get().broken;
    this.#pending = {
      status: "running",
      step: event.step,
      ...this.#pace(event),
      broken: broken ?? (brokenSeries === undefined ? null : { series: brokenSeries, step: event.step }),
    };
    const waitMs = this.#sentMs + updateIntervalMs - performance.now();
    // A training loop that never yields starves timers: pushes send too.
    if (waitMs <= 0) this.#send();
    else this.#timer ??= setTimeout(() => this.#send(), waitMs).unref();
  }

  /** Shows a run to its end. An error of the run is shown and thrown on. */
  async follow(run: AsyncIterable<TrainingEvent>): Promise<void> {
    try {
      for await (const event of run) this.push(event);
    } catch (error) {
      this.fail(error);
      throw error;
    }
    this.finish();
  }

  /** The run is over; sends the last state. */
  finish(): void {
    this.#end({ status: "finished" });
  }

  /** The run ended early: `stopped` for an interrupt, `failed` with the error's message for all else. */
  fail(error: unknown): void {
    if (error instanceof Error && interruptions.has(error.name)) {
      this.#end({ status: "stopped" });
      return;
    }
    const message = error instanceof Error ? error.message : String(error);
    const details = error instanceof Error ? (error.stack ?? "") : "";
    this.#end({ status: "failed", error: { message, details } });
  }

  protected override draw = drawTrainingMonitor;
  protected override describe = describeTrainingMonitor;

  #end(last: { status: RunStatus; error?: TrainingMonitorState["error"] }): void {
    const { status } = this.state.get();
    if (status !== "waiting" && status !== "running") return;
    this.#pending = { ...this.#pending, ...last };
    this.#send();
  }

  /** What was pushed last counts, though it may not have been sent yet. */
  override async ready(): Promise<void> {
    this.#send();
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#pending) return;
    const changes = this.#pending;
    this.#pending = null;
    this.#sentMs = performance.now();
    this.state.set({
      ...changes,
      latest: this.state.get().series.map((_, series) => this.#recorder.mean(series)),
      // A copy: the message may leave after the next step.
      curves: this.#recorder.values.slice(),
    });
  }

  #pace(
    event: TrainingEvent,
  ): Pick<TrainingMonitorState, "elapsedMs" | "stepsPerSecond" | "imagesPerSecond"> {
    const elapsedMs = event.elapsedMs ?? performance.now() - this.#startedMs;
    this.#recent.push({ step: event.step, elapsedMs });
    while (this.#recent.length > 2 && elapsedMs - (this.#recent[0]?.elapsedMs ?? 0) > throughputWindowMs) {
      this.#recent.shift();
    }
    const first = this.#recent[0];
    const stepsPerSecond =
      first && elapsedMs > first.elapsedMs
        ? (1000 * (event.step - first.step)) / (elapsedMs - first.elapsedMs)
        : null;
    const imagesPerSecond = Number.isFinite(event.imagesPerSecond) ? (event.imagesPerSecond ?? null) : null;
    return { elapsedMs, stepsPerSecond, imagesPerSecond };
  }
}
