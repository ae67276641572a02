import * as tf from "@tensorflow/tfjs-core";
import { denoiseAt, type Sampler, slopeOf } from "./sampler.js";

/**
 * Euler's method on the probability flow: straight on for the whole step (Karras et al. 2022, arXiv:2206.00364,
 * algorithm 1 without its second-order correction). One evaluation a step, of first order. Takes and returns
 * `[batch, height, width, channels]`.
 */
export const euler: Sampler = (denoiser, noisy, { from, to }, condition) => {
  const clean = denoiseAt(denoiser, noisy, from, condition);
  return tf.add(noisy, tf.mul(slopeOf(noisy, clean, denoiser.path.at(from)), to - from));
};
