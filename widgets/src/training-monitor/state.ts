export type RunStatus = "waiting" | "running" | "finished" | "stopped" | "failed";
export type LossAxis = "log" | "linear";

export interface TrainingMonitorState {
  title: string;
  caption: string;
  /** Steps of the whole run. */
  steps: number;
  /** Names of the curves, fields of the pushed events. */
  series: string[];
  status: RunStatus;
  /** The last step that was pushed. */
  step: number;
  elapsedMs: number;
  stepsPerSecond: number | null;
  imagesPerSecond: number | null;
  /** Bias-corrected running mean (decay 0.9) of every series at `step`. */
  latest: (number | null)[];
  /** Columns of the chart; steps are spread over them evenly. */
  columns: number;
  /** `[series, columns, 3]`: minimum, maximum, running mean at the column's last step; NaN where no step came yet. */
  curves: Float32Array;
  axis: LossAxis;
  /** Name of the first series that was not a finite number, and at which step. */
  broken: { series: string; step: number } | null;
  error: { message: string; details: string } | null;
}
