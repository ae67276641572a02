import type * as tf from "@tensorflow/tfjs-core";
import type { Parameters } from "../nn/parameters.js";

export type EngineName = "torch" | "tensorflow" | "wasm";

/** Where an engine computes. `auto` is the GPU where there is one that works. */
export type DeviceName = "auto" | "cpu" | "cuda";

/**
 * Arithmetic of convolutions and matrix products; weights, sums and everything else stay float32.
 *
 * `float32` is exact to its 24 bits, `tf32` rounds the factors to 11 bits (NVIDIA's GPUs since Ampere), `bfloat16`
 * to 8 bits, with activations stored in that type.
 */
export type Precision = "float32" | "tf32" | "bfloat16";

export interface EngineOptions {
  device?: DeviceName;
  /** Default: `tf32` on a GPU, `float32` elsewhere. */
  precision?: Precision;
}

/**
 * What executes the TensorFlow.js operations: one folder an engine. `index.ts` chooses one and is the face that the
 * rest of the library sees.
 *
 * Methods besides `start` are called only after it has succeeded, with the engine's backend in use. Of the objects
 * that they return, `snapshot`, `position` and `dispose` are called with another engine in use, too: that is how state
 * moves between engines.
 */
export interface Engine {
  readonly name: EngineName;

  /**
   * Loads the engine and registers it as the TensorFlow.js backend of the same name. Called again to change options.
   *
   * @throws EngineError with code `ERR_ENGINE_UNAVAILABLE` and a `fix` where something is missing
   * @throws EngineError `ERR_ENGINE_OPTION` where the engine has no such device or precision; where the engine had been
   *   started before, it goes on as it was
   */
  start(options: EngineOptions): Promise<EngineDetails>;

  /** See `valueAndGradients` in `index.ts`. */
  valueAndGradients(loss: () => tf.Scalar, parameters: Parameters): ValueAndGradients;

  /** See `inputGradient` in `index.ts`. */
  inputGradient<Shape extends tf.Tensor>(f: (x: Shape) => tf.Tensor, x: Shape): InputGradient<Shape>;

  /** See `stopGradient` in `index.ts`. */
  stopGradient<Shape extends tf.Tensor>(x: Shape): Shape;

  /** The state of one optimiser on this engine, at `snapshot` or at the start. */
  createAdam(parameters: Parameters, options: AdamOptions, snapshot?: AdamSnapshot): EngineAdam;

  /** A source of random tensors on this engine, `position` blocks of four numbers after its beginning. */
  createNoise(seed: number, position: number): EngineNoise;

  /** See `compile` in `index.ts`. */
  compile<Inputs extends tf.NamedTensorMap, Outputs extends tf.NamedTensorMap>(
    step: (inputs: Inputs) => Outputs,
  ): CompiledStep<Inputs, Outputs>;

  readonly layers: EngineLayers;

  memory(): EngineMemory;

  /**
   * From now on only algorithms that give the same bits at every repetition, or again the fastest. Called while the
   * engine is in use, and when it comes into use.
   */
  setDeterministic(on: boolean): void;

  /** Whether results repeat to the bit now: always, on engines that know no other algorithms. */
  isDeterministic(): boolean;
}

/** Layers that engines may have in one piece ("fused"). Shapes and formulas: the functions of `nn/` that call them. */
export interface EngineLayers {
  /** `x` `[batch, height, width, channels]`; `gain` and `offset` `[channels]`; SiLU on top where asked for. */
  groupNorm(
    x: tf.Tensor4D,
    gain: tf.Tensor1D,
    offset: tf.Tensor1D,
    options: { groups: number; epsilon: number; activation: "linear" | "silu" },
  ): tf.Tensor4D;
  /** `x` `[..., size]`; without gain and offset. */
  normaliseRows(x: tf.Tensor, epsilon: number): tf.Tensor;
  silu(x: tf.Tensor): tf.Tensor;
  /** `softmax(query key^T / sqrt(size)) value`; all three `[batch, heads, positions, size]`. */
  attention(query: tf.Tensor4D, key: tf.Tensor4D, value: tf.Tensor4D): tf.Tensor4D;
}

export interface ValueAndGradients {
  value: tf.Scalar;
  /** By the keys of `parameters`; a parameter that the loss does not depend on has none. */
  gradients: Record<string, tf.Tensor>;
}

export interface InputGradient<Shape extends tf.Tensor> {
  /** `f(x)`, of any shape. */
  value: tf.Tensor;
  /** d sum(f(x)) / dx, of the shape of `x`. */
  gradient: Shape;
}

export interface AdamOptions {
  learningRate: number;
  /** Decay of the running mean of the gradient. */
  beta1: number;
  /** Decay of the running mean of its square. */
  beta2: number;
  /** Guard of the division. */
  epsilon: number;
  /** Share of every parameter that is taken off a step, times the learning rate: AdamW where it is above 0. */
  weightDecay: number;
}

/** An optimiser's state on the host, by the parameters' names. */
export interface AdamSnapshot {
  step: number;
  mean: Record<string, Float32Array>;
  meanSquare: Record<string, Float32Array>;
}

export interface EngineAdam {
  /** One update; a parameter without a gradient stays as it is. */
  update(gradients: Record<string, tf.Tensor>): void;
  /** For the updates from now on, those of compiled steps included. */
  setLearningRate(learningRate: number): void;
  /** Waits for the engine. */
  snapshot(): AdamSnapshot;
  dispose(): void;
}

export interface EngineNoise {
  /** Standard normal numbers. */
  normal(shape: number[]): tf.Tensor;
  /** Uniform in `[0, 1)`. */
  uniform(shape: number[]): tf.Tensor;
  /** Blocks of four numbers drawn so far. Waits for the engine. */
  position(): number;
  dispose(): void;
}

export interface CompiledStep<Inputs extends tf.NamedTensorMap, Outputs extends tf.NamedTensorMap> {
  (inputs: Inputs): Outputs;
  /** Whether calls with inputs of the last call's shapes replay a captured graph. */
  readonly captured: boolean;
  dispose(): void;
}

export interface EngineMemory {
  /** Tensors that the engine holds, those inside compiled steps included. */
  tensors: number;
  /** Bytes of them. */
  bytes: number;
  /** On a GPU: the most that was in use at once since the start of the engine, caches for reuse not counted. */
  peakBytes: number | undefined;
  /** On a GPU: what the process holds of its memory, caches for reuse included. */
  reservedBytes: number | undefined;
}

export interface EngineDetails {
  /** Version of the library that runs the operations. */
  version: string;
  /** What it runs on, in words. */
  device: string;
  precision: Precision;
}

export interface EngineDescription extends EngineDetails {
  name: EngineName;
  /** Faster engines that were tried first and could not start, with the command that fixes it. */
  notUsed: { name: EngineName; reason: string; fix: string | undefined }[];
}
