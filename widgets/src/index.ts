export {
  ChannelHistogram,
  type ChannelHistogramOptions,
  type LatentStatistics,
} from "./channel-histogram/model.js";
export type { ChannelHistogramState, ScaleMode } from "./channel-histogram/state.js";
export { LatentGrid, type LatentGridOptions } from "./latent-grid/model.js";
export type { Cell, LatentGridState, RangeMode } from "./latent-grid/state.js";
export type { PerturbationKind } from "./perturbation-slider/kinds.js";
export {
  type Decode,
  PerturbationSlider,
  type PerturbationSliderOptions,
} from "./perturbation-slider/model.js";
export type {
  PerturbationAnswer,
  PerturbationRequest,
  PerturbationSliderState,
} from "./perturbation-slider/state.js";
export type { FloatArray, Pictures } from "./shared/arrays.js";
export { WidgetError, type WidgetErrorCode } from "./shared/errors.js";
export {
  type TrainingEvent,
  TrainingMonitor,
  type TrainingMonitorOptions,
} from "./training-monitor/model.js";
export type { LossAxis, RunStatus, TrainingMonitorState } from "./training-monitor/state.js";
