import * as tf from "@tensorflow/tfjs-core";
import type { Random } from "../random.js";

/** All trainable tensors of a model: one flat record with diffusers' names, so that loading weights is a loop. */
export type Parameters = Record<string, tf.Variable>;

/**
 * Adds a convolution's `<name>.weight` `[size, size, inChannels, outChannels]` and `<name>.bias` `[outChannels]`.
 *
 * The numbers are uniform in +-1 / sqrt(fan-in) for both, PyTorch's default for convolutions, so that runs can be
 * compared with PyTorch's.
 */
export function addConv2d(
  parameters: Parameters,
  random: Random,
  name: string,
  size: number,
  inChannels: number,
  outChannels: number,
): void {
  const bound = 1 / Math.sqrt(size * size * inChannels);
  const draw = (count: number) => Float32Array.from({ length: count }, () => random.uniform(-bound, bound));
  const weight = draw(size * size * inChannels * outChannels);
  addVariable(parameters, `${name}.weight`, weight, [size, size, inChannels, outChannels]);
  addVariable(parameters, `${name}.bias`, draw(outChannels), [outChannels]);
}

/** Adds a group normalisation's `<name>.weight` (ones) and `<name>.bias` (zeros), both `[channels]`. */
export function addGroupNorm(parameters: Parameters, name: string, channels: number): void {
  addVariable(parameters, `${name}.weight`, new Float32Array(channels).fill(1), [channels]);
  addVariable(parameters, `${name}.bias`, new Float32Array(channels), [channels]);
}

/** Adds a linear layer's `<name>.weight` `[size, outSize]` and `<name>.bias` `[outSize]`, drawn like a convolution's. */
export function addDense(
  parameters: Parameters,
  random: Random,
  name: string,
  size: number,
  outSize: number,
): void {
  const bound = 1 / Math.sqrt(size);
  const draw = (count: number) => Float32Array.from({ length: count }, () => random.uniform(-bound, bound));
  addVariable(parameters, `${name}.weight`, draw(size * outSize), [size, outSize]);
  addVariable(parameters, `${name}.bias`, draw(outSize), [outSize]);
}

/** The parameter of that name. */
export function requireParameter(parameters: Parameters, name: string): tf.Variable {
  const found = parameters[name];
  if (!found) throw new Error(`The model has no parameter "${name}".`);
  return found;
}

/** Adds a trainable tensor. */
export function addVariable(
  parameters: Parameters,
  name: string,
  values: Float32Array,
  shape: number[],
): void {
  const initial = tf.tensor(values, shape);
  // No name for TensorFlow.js: its names are unique in the whole process, and two models have the same names here.
  parameters[name] = tf.variable(initial, true);
  initial.dispose();
}
