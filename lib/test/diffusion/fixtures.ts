import { readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";

/** Reference values from k-diffusion and diffusers; `make-fixtures.py` makes them. All tensors are [2, 2, 1, 2]. */
export interface Fixtures {
  shape: [number, number, number, number];
  start: number[];
  fresh: number[][];
  edm: {
    sigmas: number[];
    euler: number[];
    heun: number[];
    churn: number[];
    churnOptions: { s_churn: number; s_tmin: number; s_tmax: number; s_noise: number };
  };
  preconditioning: {
    sigmas: number[];
    sigmaData: number;
    scalings: [number[], number[], number[]];
    denoised: number[];
    loss: number;
  };
  flow: { shift: number; times: number[]; samples: number[] };
  edmScheduler: { sigmas: number[]; samples: number[] };
  /** `signals` of every 125th of DDPM's 1000 steps. */
  ddim: { steps: number[]; signals: number[]; eta0: number[]; eta1: number[] };
}

export const fixtures = JSON.parse(
  readFileSync(new URL("fixtures.json", import.meta.url), "utf8"),
) as Fixtures;

/** The denoiser of `make-fixtures.py`. */
export function formulaDenoise(noisy: tf.Tensor4D, times: tf.Tensor1D): tf.Tensor4D {
  return tf.tidy(() => {
    const time = tf.reshape(times, [-1, 1, 1, 1]);
    const first = tf.tanh(tf.div(tf.mul(noisy, 0.8), tf.add(time, 1)));
    const second = tf.div(tf.mul(tf.mul(tf.cos(tf.mul(time, 2)), noisy), 0.3), tf.add(tf.square(noisy), 1));
    return tf.sub(first, second) as tf.Tensor4D;
  });
}
