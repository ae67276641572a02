import type { Shape } from "../shared/arrays.js";
import type { PerturbationRequest } from "./state.js";

/** Mean and standard deviation of each channel over a whole set of latents. */
export interface ChannelMoments {
  mean: number[];
  std: number[];
}

/** Moments of the channels of `[batch, height, width, channels]`. */
export function channelMoments(values: Float32Array, channels: number): ChannelMoments {
  const count = values.length / channels;
  const mean = new Array<number>(channels).fill(0);
  const variance = new Array<number>(channels).fill(0);
  values.forEach((value, index) => {
    mean[index % channels] = (mean[index % channels] ?? 0) + value / count;
  });
  values.forEach((value, index) => {
    const channel = index % channels;
    variance[channel] = (variance[channel] ?? 0) + (value - (mean[channel] ?? 0)) ** 2 / count;
  });
  return { mean, std: variance.map(Math.sqrt) };
}

/** The latent of one picture, `[height, width, channels]`, perturbed as requested. Strengths count in channel stds. */
export function perturb(
  values: Float32Array,
  shape: Shape,
  moments: ChannelMoments,
  request: PerturbationRequest,
): Float32Array {
  const [, height, width, channels] = shape;
  const size = height * width * channels;
  const latent = values.slice(request.picture * size, (request.picture + 1) * size);
  const { kind, strength } = request;
  // One draw a seed, whatever the strength: the slider moves the latent along one line.
  const draw = kind === "noise" ? normalDraw(request.seed, size) : null;
  return latent.map((value, index) => {
    const channel = index % channels;
    const std = moments.std[channel] ?? 0;
    const mean = moments.mean[channel] ?? 0;
    if (draw) return value + strength * std * (draw[index] ?? 0);
    if (kind === "shift") return channel === request.channel ? value + strength * std : value;
    return Math.min(mean + strength * std, Math.max(mean - strength * std, value));
  });
}

/** `count` draws from N(0, 1): Box and Muller's transform of mulberry32's uniform numbers. */
export function normalDraw(seed: number, count: number): Float32Array {
  let state = seed | 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return Float32Array.from(
    { length: count },
    () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}
