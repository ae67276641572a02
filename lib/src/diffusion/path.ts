import * as tf from "@tensorflow/tfjs-core";
import { requireSameShape, shapeError, shapeText } from "../nn/check.js";

/**
 * What a noisy tensor is made of, `noisy = signal clean + noise e` with e ~ N(0, 1), and how fast that changes with
 * the time: what a solver needs.
 */
export interface Mixture {
  signal: number;
  noise: number;
  signalSlope: number;
  noiseSlope: number;
}

/** How clean tensors turn into noise as the time grows; at time 0 there is no noise. */
export interface Path {
  /** For messages. */
  readonly name: string;
  /**
   * What every sample is made of at its own time.
   *
   * @param times of any shape, which both results have
   */
  mixture(times: tf.Tensor): { signal: tf.Tensor; noise: tf.Tensor };
  /** The same for one time, in double precision. */
  at(time: number): Mixture;
}

/**
 * Rectified flow (Liu et al. 2022, arXiv:2209.03003; Lipman et al. 2023, arXiv:2210.02747): straight lines from the
 * data at t = 0 to noise at t = 1, `(1 - t) clean + t e`. (Both papers count the time the other way; SD3 counts like
 * this.)
 */
export const flowPath: Path = {
  name: "rectified flow",
  mixture: (times) => ({ signal: tf.sub(1, times), noise: times }),
  at: (time) => ({ signal: 1 - time, noise: time, signalSlope: -1, noiseSlope: 1 }),
};

/** EDM (Karras et al. 2022, arXiv:2206.00364): the time is the noise's standard deviation sigma, `clean + sigma e`. */
export const edmPath: Path = {
  name: "EDM",
  mixture: (times) => ({ signal: tf.onesLike(times), noise: times }),
  at: (time) => ({ signal: 1, noise: time, signalSlope: 0, noiseSlope: 1 }),
};

/**
 * The cosine schedule, `cos(pi t / 2) clean + sin(pi t / 2) e` for t in [0, 1] (Nichol and Dhariwal 2021,
 * arXiv:2102.09672, equation 17, without their small offset, as in Salimans and Ho 2022, arXiv:2202.00512).
 */
export const cosinePath: Path = {
  name: "cosine",
  mixture(times) {
    const angles = tf.mul(times, Math.PI / 2);
    return { signal: tf.cos(angles), noise: tf.sin(angles) };
  },
  at(time) {
    const angle = (Math.PI / 2) * time;
    const [signal, noise] = [Math.cos(angle), Math.sin(angle)];
    return { signal, noise, signalSlope: (-Math.PI / 2) * noise, noiseSlope: (Math.PI / 2) * signal };
  },
};

/** Of the noise added in a unit of time, at t = 0 and t = 1: a thousand times DDPM's 1e-4 and 0.02. */
const [firstBeta, lastBeta] = [0.1, 20];

/**
 * DDPM's linear schedule (Ho et al. 2020, arXiv:2006.11239, section 4) in its limit of many steps, for t in [0, 1]:
 * `signal = exp(-(b1 - b0) t^2 / 4 - b0 t / 2)` (Song et al. 2021, arXiv:2011.13456, equation 33),
 * `noise = sqrt(1 - signal^2)`. Step n of DDPM's 1000 is about t = (n + 1) / 1000.
 */
export const linearPath: Path = {
  name: "linear",
  mixture(times) {
    const logSignal = tf.mul(times, tf.sub(tf.mul(times, (firstBeta - lastBeta) / 4), firstBeta / 2));
    // 1 - exp(2x) would lose the digits of the small times.
    return { signal: tf.exp(logSignal), noise: tf.sqrt(tf.neg(tf.expm1(tf.mul(logSignal, 2)))) };
  },
  at(time) {
    const logSignal = time * ((time * (firstBeta - lastBeta)) / 4 - firstBeta / 2);
    const signal = Math.exp(logSignal);
    const noise = Math.sqrt(-Math.expm1(2 * logSignal));
    const beta = firstBeta + (lastBeta - firstBeta) * time;
    return {
      signal,
      noise,
      signalSlope: (-beta / 2) * signal,
      noiseSlope: (beta / 2) * (signal ** 2 / noise),
    };
  },
};

/**
 * Mixes clean tensors with noise, each sample by its own time.
 *
 * @param clean `[batch, height, width, channels]`
 * @param noise standard normal, of the same shape
 * @param times `[batch]`
 * @returns the shape of `clean`
 * @throws DataError `ERR_SHAPE_MISMATCH` where the three do not fit each other
 */
export function addNoise(
  path: Path,
  clean: tf.Tensor4D,
  noise: tf.Tensor4D,
  times: tf.Tensor1D,
): tf.Tensor4D {
  requireSameShape("addNoise", { clean, noise });
  if (times.size !== clean.shape[0]) {
    throw shapeError(
      "addNoise",
      `times ${shapeText(times.shape)} have to be one a sample, ${shapeText([clean.shape[0]])}.`,
    );
  }
  return tf.tidy(() => {
    const amounts = path.mixture(perSample(times));
    return tf.add(tf.mul(clean, amounts.signal), tf.mul(noise, amounts.noise)) as tf.Tensor4D;
  });
}

/** `[batch]` to `[batch, 1, 1, 1]`: one number for all values of a sample. */
export function perSample(times: tf.Tensor1D): tf.Tensor4D {
  return tf.reshape(times, [-1, 1, 1, 1]);
}
