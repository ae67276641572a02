import type * as tf from "@tensorflow/tfjs-core";
import { currentEngine } from "../engine/current.js";
import { requireInteger } from "../options.js";
import { pictureAxes, requireFloats, requireVector, shapeError } from "./check.js";
import { type Parameters, requireParameter } from "./parameters.js";

/** Small models have few channels: groups of four at least, up to the 32 groups that SD uses throughout. */
const minChannelsPerGroup = 4;
const maxGroups = 32;

/** diffusers' `resnet_eps`: keeps a constant group (a plain picture) from dividing by zero. */
const defaultEpsilon = 1e-6;

/**
 * How many groups `groupNorm` makes of so many channels: the most that divide them evenly, 32 at most, with four channels
 * or more in each.
 *
 * @throws ConfigError for channels that are no whole number above 0
 */
export function groupsOf(channels: number): number {
  requireInteger("channels", channels, 1);
  let groups = Math.min(maxGroups, Math.max(1, Math.floor(channels / minChannelsPerGroup)));
  while (channels % groups !== 0) groups -= 1;
  return groups;
}

export interface GroupNormOptions {
  /** Default: `groupsOf(channels)`. */
  groups?: number;
  /** Added to the variance. */
  epsilon?: number;
  /** `silu` computes `silu(groupNorm(x))`, in one piece where the engine has one. */
  activation?: "linear" | "silu";
}

/**
 * Group normalisation (Wu and He 2018, arXiv:1803.08494): every group of channels of every picture gets mean 0 and
 * variance 1 over its positions and channels, then each channel its own gain and offset.
 *
 * Gradients of gradients through it are right inside `engine.inputGradient`, which says that it will be differentiated
 * twice; elsewhere it can be differentiated once.
 *
 * @param x `[batch, height, width, channels]`
 * @param name of the layer: parameters `<name>.weight` and `<name>.bias`, both `[channels]`
 * @returns the shape of `x`
 * @throws Error where the layer has no parameters of that name; DataError `ERR_SHAPE_MISMATCH` where `x`, gains, offsets
 *   and groups do not fit each other, `ERR_DTYPE_MISMATCH` for another type than float32
 */
export function groupNorm(
  parameters: Parameters,
  name: string,
  x: tf.Tensor4D,
  options: GroupNormOptions = {},
): tf.Tensor4D {
  const gain = requireParameter(parameters, `${name}.weight`) as tf.Tensor as tf.Tensor1D;
  const offset = requireParameter(parameters, `${name}.bias`) as tf.Tensor as tf.Tensor1D;
  const place = `groupNorm "${name}"`;
  requireFloats(place, "x", x, pictureAxes);
  const channels = x.shape[3];
  requireVector(place, "weight", gain, channels);
  requireVector(place, "bias", offset, channels);
  const { groups = groupsOf(channels), epsilon = defaultEpsilon, activation = "linear" } = options;
  if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0) {
    throw shapeError(place, `${channels} channels cannot be cut into ${groups} groups.`);
  }
  return currentEngine().layers.groupNorm(x, gain, offset, { groups, epsilon, activation });
}
