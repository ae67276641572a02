/** Training: one loop for all networks, its optimiser, schedules, averages, checkpoints and journal. */
export {
  type Adam,
  createAdam,
  noDecayForVectors,
  type OptimizerOptions,
  type ParameterGroup,
} from "./adam.js";
export {
  type AverageProfile,
  averageDecay,
  createAverage,
  type DecayProfile,
  type PowerProfile,
  powerExponent,
  type WeightAverage,
} from "./average.js";
export { type Batches, type BatchesDescription, batchesAt, indexBatches } from "./batches.js";
export type { Checkpoint } from "./checkpoint.js";
export { clipByGlobalNorm } from "./clip.js";
export { type FitOptions, fit, type TrainingEvent } from "./fit.js";
export type { LossContext, LossResult, Network } from "./network.js";
export type { TrainingReport } from "./report.js";
export {
  type CosineOptions,
  constant,
  inverseSquareRoot,
  type Schedule,
  warmUp,
  warmUpCosine,
} from "./schedules.js";
export type { JournalEntry } from "./steering.js";
export { type Run, train } from "./train.js";
export type { TrainOptions } from "./train-options.js";
