import type { FloatArray } from "../../data/image-set.js";
import { DataError } from "../../errors.js";
import type { LatentScales } from "./statistics.js";

/**
 * How latents are brought to the scale on which noise is added to them:
 *
 * - `per-channel`: every channel gets mean 0 and variance 1;
 * - `one-scalar`: all values times 1 / (standard deviation of the first batch), latent diffusion's convention
 *   (Rombach et al. 2022, arXiv:2112.10752, appendix G; Stable Diffusion's 0.18215): means stay, and channels keep
 *   their proportions;
 * - `none`: as they are.
 */
export type Standardisation = "per-channel" | "one-scalar" | "none";

/**
 * Latents as the encoder makes them to what diffusion works on.
 *
 * @param latents `[..., channels]`
 * @returns new numbers of the same shape
 * @throws DataError `ERR_SHAPE_MISMATCH` for latents of another number of channels, `ERR_NOT_FINITE` for a channel
 *   that is constant
 */
export function standardise(
  latents: FloatArray,
  scales: LatentScales,
  standardisation: Standardisation,
): FloatArray {
  const { shift, scale } = affineOf(latents, scales, standardisation);
  return perChannel(latents, (value, channel) => (value - at(shift, channel)) / at(scale, channel));
}

/**
 * The way back, before decoding.
 *
 * @param latents `[..., channels]`, as `standardise` makes them
 * @returns new numbers of the same shape
 * @throws what `standardise` throws
 */
export function unstandardise(
  latents: FloatArray,
  scales: LatentScales,
  standardisation: Standardisation,
): FloatArray {
  const { shift, scale } = affineOf(latents, scales, standardisation);
  return perChannel(latents, (value, channel) => value * at(scale, channel) + at(shift, channel));
}

/**
 * The posteriors' standard deviations on that scale: nothing is taken off.
 *
 * @param sigma `[..., channels]`
 * @returns new numbers of the same shape
 * @throws what `standardise` throws
 */
export function standardiseSpread(
  sigma: FloatArray,
  scales: LatentScales,
  standardisation: Standardisation,
): FloatArray {
  const { scale } = affineOf(sigma, scales, standardisation);
  return perChannel(sigma, (value, channel) => value / at(scale, channel));
}

const at = (values: number[], channel: number) => values[channel] as number;

function affineOf({ shape, data }: FloatArray, scales: LatentScales, standardisation: Standardisation) {
  const { channelMean, channelStd, firstBatchStd } = scales;
  const channels = channelMean.length;
  const size = shape.reduce((product, length) => product * length, 1);
  if (shape.at(-1) !== channels || channelStd.length !== channels || size !== data.length) {
    throw new DataError(
      "ERR_SHAPE_MISMATCH",
      `Latents of shape [${shape.join(", ")}] with ${data.length} values do not fit scales for ${channels} channels.`,
    );
  }
  const zeros = channelMean.map(() => 0);
  const affines = {
    "per-channel": { shift: channelMean, scale: channelStd },
    "one-scalar": { shift: zeros, scale: channelMean.map(() => firstBatchStd) },
    none: { shift: zeros, scale: channelMean.map(() => 1) },
  };
  const affine = affines[standardisation];
  const dead = affine.scale.findIndex((value) => !(Number.isFinite(value) && value > 0));
  if (dead < 0) return affine;
  throw new DataError(
    "ERR_NOT_FINITE",
    `Channel ${dead} of the latents has a standard deviation of ${affine.scale[dead]}: it says nothing, and cannot be standardised. Train the autoencoder with a lower KL weight or fewer latent channels.`,
  );
}

function perChannel(
  { data, shape }: FloatArray,
  change: (value: number, channel: number) => number,
): FloatArray {
  const channels = shape.at(-1) as number;
  return { data: data.map((value, index) => change(value, index % channels)), shape: [...shape] };
}
