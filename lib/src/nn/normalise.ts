import type * as tf from "@tensorflow/tfjs-core";
import { groupNorm } from "./group-norm.js";
import { silu } from "./layers.js";
import { addGroupNorm, type Parameters } from "./parameters.js";
import { addRmsNorm, rmsNorm } from "./rms-norm.js";

/**
 * How the blocks of a model keep their activations in bounds: by groups of channels over the whole picture, position
 * by position, or not at all.
 */
export type Normalisation = "group" | "rms" | "none";

/** All of them by name, for messages. */
export const normalisations: readonly Normalisation[] = ["group", "rms", "none"];

/** Adds the parameters of `normaliseAndActivate`. */
export function addNormalisation(
  parameters: Parameters,
  kind: Normalisation,
  name: string,
  channels: number,
): void {
  if (kind === "group") addGroupNorm(parameters, name, channels);
  if (kind === "rms") addRmsNorm(parameters, name, channels);
}

export interface NormalisationOptions {
  /** Default: `group`. */
  norm?: Normalisation;
  /** Of group normalisation; see `groupNorm`. */
  groups?: number | undefined;
}

/** `silu(normalisation(x))`; `x` `[batch, height, width, channels]`. */
export function normaliseAndActivate(
  parameters: Parameters,
  name: string,
  x: tf.Tensor4D,
  { norm = "group", groups }: NormalisationOptions = {},
): tf.Tensor4D {
  if (norm === "group") return groupNorm(parameters, name, x, { groups, activation: "silu" });
  return silu(normalise(parameters, name, x, { norm }));
}

/** The normalisation alone. */
export function normalise(
  parameters: Parameters,
  name: string,
  x: tf.Tensor4D,
  { norm = "group", groups }: NormalisationOptions = {},
): tf.Tensor4D {
  if (norm === "group") return groupNorm(parameters, name, x, { groups });
  return norm === "rms" ? rmsNorm(parameters, name, x) : x;
}
