import type * as tf from "@tensorflow/tfjs-core";
import type { Parameters } from "../../src/index.js";

/** Numbers on the host, to be uploaded to an engine or written to a file for PyTorch. */
export interface HostTensor {
  shape: number[];
  values: Float32Array;
}

/**
 * A model, its loss and one batch: what the benchmarks train. Every number in it follows from its description, so that
 * all engines and PyTorch start from the same state and their losses can be compared step by step.
 */
export interface BenchmarkModel {
  /** On the engine in use. Filters are `[height, width, in, out]`, matrices `[in, out]`. */
  readonly parameters: Parameters;
  /** The batch and the noise, the same at every step. */
  readonly inputs: Record<string, HostTensor>;
  readonly learningRate: number;
  /** A scalar; `inputs` on the engine, under the names above. */
  loss(inputs: tf.NamedTensorMap): tf.Scalar;
  /** Frees the parameters and constants. */
  dispose(): void;
}

/** What `reference.py` builds the same model from: the name of a class there, and its arguments. */
export interface ModelDescription {
  architecture: "ConvVae" | "AutoencoderKl" | "DiffusionTransformer";
  /** Pictures or latents a step. */
  batch: number;
  options: Record<string, number | boolean | number[]>;
}
