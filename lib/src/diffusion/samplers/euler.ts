import * as tf from "@tensorflow/tfjs-core";
import { denoiseAt, type Sampler, slopeOf } from "./sampler.js";

/** Euler's method on the probability flow: straight on for the whole step. One evaluation a step, of first order. */
export const euler: Sampler = (denoiser, noisy, { from, to }, condition) => {
  const clean = denoiseAt(denoiser, noisy, from, condition);
  return tf.add(noisy, tf.mul(slopeOf(noisy, clean, denoiser.path.at(from)), to - from));
};
