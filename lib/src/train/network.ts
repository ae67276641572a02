import type * as tf from "@tensorflow/tfjs-core";
import type { Parameters } from "../nn/parameters.js";
import type { Noise } from "../noise.js";
import type { OptimizerOptions } from "./adam.js";
import type { AverageProfile } from "./average.js";
import type { Schedule } from "./schedules.js";

/** What a loss may depend on. All of it is the same when a recorded step is replayed, or a training resumed. */
export interface LossContext<Inputs extends tf.NamedTensorMap, Setting extends string> {
  /** What `toTensors` has made of the batch, or a part of it where gradients are accumulated. */
  batch: Inputs;
  /** The training's settings at this step, as scalars on the engine. */
  settings: Record<Setting, tf.Scalar>;
  /** The one source of random numbers. */
  noise: Noise;
  /** What networks before this one have handed on in this step; constants here. */
  handedOn: tf.NamedTensorMap;
}

export interface LossResult {
  /** What is minimised: a mean over the batch, so that batches can be divided. */
  loss: tf.Scalar;
  /** What else is to be reported, by name. */
  terms?: Record<string, tf.Scalar>;
  /** Tensors `[batch, ...]` for the networks that come after this one: reconstructions for a discriminator. */
  handOn?: tf.NamedTensorMap;
}

/** One set of parameters with its loss and its optimiser. Networks of a training take turns in every step. */
export interface Network<
  Inputs extends tf.NamedTensorMap = tf.NamedTensorMap,
  Setting extends string = string,
> extends OptimizerOptions {
  parameters: Parameters;
  /** Called inside of `engine.valueAndGradients`, in a compiled step: see `engine.compile` for what it may not do. */
  loss(context: LossContext<Inputs, Setting>): LossResult;
  /** Factor on `learningRate` at every step. Default: 1. */
  schedule?: Schedule;
  /** Longest gradient, all parameters together; longer ones are shortened. Default: no limit. */
  clipNorm?: number;
  /** Running averages of the weights, by names of your own. */
  averages?: Readonly<Record<string, AverageProfile>>;
  /** Whether it is updated in a step, counted from 1. Has to depend on the step alone. Default: always. */
  turn?: (step: number) => boolean;
}
