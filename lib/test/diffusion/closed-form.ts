import * as tf from "@tensorflow/tfjs-core";
import type { Denoiser, Path } from "../../src/diffusion/index.js";

/** Independent Gaussians for the values of a tensor; both of the tensor's shape without the batch, or numbers. */
export interface Gaussian {
  mean: tf.Tensor | number;
  variance: tf.Tensor | number;
}

/** E[clean | noisy] for Gaussian data: `mean + signal variance / (signal^2 variance + noise^2) (noisy - signal mean)`. */
export function gaussianDenoiser(path: Path, { mean, variance }: Gaussian): Denoiser<unknown> {
  return {
    path,
    denoise: (noisy, times) =>
      tf.tidy(() => {
        const { signal, noise } = path.mixture(tf.reshape(times, [-1, 1, 1, 1]));
        const total = tf.add(tf.mul(tf.square(signal), variance), tf.square(noise));
        const gain = tf.div(tf.mul(signal, variance), total);
        return tf.add(mean, tf.mul(gain, tf.sub(noisy, tf.mul(signal, mean)))) as tf.Tensor4D;
      }),
  };
}

/** Where the probability flow takes a tensor from one time to another: every value keeps its quantile. */
export function gaussianFlow(
  path: Path,
  { mean, variance }: Gaussian,
  noisy: tf.Tensor4D,
  from: number,
  to: number,
): tf.Tensor4D {
  return tf.tidy(() => {
    const [here, there] = [path.at(from), path.at(to)];
    const std = (at: { signal: number; noise: number }) =>
      tf.sqrt(tf.add(tf.mul(variance, at.signal ** 2), at.noise ** 2));
    const score = tf.div(tf.sub(noisy, tf.mul(mean, here.signal)), std(here));
    return tf.add(tf.mul(mean, there.signal), tf.mul(score, std(there))) as tf.Tensor4D;
  });
}

/** E[clean | noisy] for equally likely values at +-1, each widened by a normal of that standard deviation. */
export function twoPeaksDenoiser(path: Path, width: number): Denoiser<unknown> {
  return {
    path,
    denoise: (noisy, times) =>
      tf.tidy(() => {
        const { signal, noise } = path.mixture(tf.reshape(times, [-1, 1, 1, 1]));
        const total = tf.add(tf.mul(tf.square(signal), width ** 2), tf.square(noise));
        // The peaks' probabilities differ by 2 signal noisy / total in their logarithms.
        const side = tf.tanh(tf.div(tf.mul(signal, noisy), total));
        const gain = tf.div(tf.mul(signal, width ** 2), total);
        return tf.add(side, tf.mul(gain, tf.sub(noisy, tf.mul(signal, side)))) as tf.Tensor4D;
      }),
  };
}

export const largestDifference = (a: tf.Tensor, b: tf.Tensor | number[]): number =>
  tf.tidy(() => {
    const other = Array.isArray(b) ? tf.tensor(b, a.shape) : b;
    return tf.max(tf.abs(tf.sub(a, other))).dataSync()[0] as number;
  });

export function momentsOf(values: ArrayLike<number>): { mean: number; std: number } {
  const list = Array.from(values);
  const mean = list.reduce((sum, value) => sum + value, 0) / list.length;
  return { mean, std: Math.sqrt(list.reduce((sum, value) => sum + (value - mean) ** 2, 0) / list.length) };
}
