import * as tf from "@tensorflow/tfjs-core";
import type { Noise } from "../../noise.js";
import { requireNumber } from "../../options.js";
import type { Mixture } from "../path.js";
import { denoiseAt, type Sampler } from "./sampler.js";

/**
 * DDIM (Song et al. 2021, arXiv:2010.02502, equation 12 with sigma = 0): the estimates of the clean tensor and of the
 * noise are mixed as they are at the next time. One evaluation a step, of first order. On the paths of rectified flow
 * and EDM it is Euler's method; on curved ones it is the better of the two. Takes and returns
 * `[batch, height, width, channels]`.
 */
export const ddim: Sampler = (denoiser, noisy, { from, to }, condition) => {
  const clean = denoiseAt(denoiser, noisy, from, condition);
  return remix(noisy, clean, denoiser.path.at(from), denoiser.path.at(to));
};

/**
 * DDIM with fresh noise (Song et al. 2021, arXiv:2010.02502, equation 16): of the noise at the next time the share
 * `eta^2 (1 - ratio^2)` of the variance is drawn anew, with `ratio = (signal_from noise_to) / (signal_to noise_from)`.
 *
 * @param options.eta 0 is `ddim`, 1 is the ancestral sampling of DDPM
 * @throws ConfigError for an `eta` out of [0, 1]
 */
export function stochasticDdim({ eta, noise }: { eta: number; noise: Noise }): Sampler {
  requireNumber("eta", eta, 0);
  requireNumber("1 - eta", 1 - eta, 0);
  return (denoiser, noisy, { from, to }, condition) => {
    const [here, there] = [denoiser.path.at(from), denoiser.path.at(to)];
    const ratio = (here.signal * there.noise) / (there.signal * here.noise);
    const share = eta ** 2 * (1 - ratio ** 2);
    const kept = { signal: there.signal, noise: there.noise * Math.sqrt(1 - share) };
    const moved = remix(noisy, denoiseAt(denoiser, noisy, from, condition), here, kept);
    const fresh = there.noise * Math.sqrt(share);
    return fresh === 0 ? moved : tf.add(moved, tf.mul(noise.normal<tf.Rank.R4>(noisy.shape), fresh));
  };
}

/** Takes the noise `e = (noisy - signal clean) / noise` out of a noisy tensor and mixes it anew, as it is there. */
function remix(
  noisy: tf.Tensor4D,
  clean: tf.Tensor4D,
  here: Pick<Mixture, "signal" | "noise">,
  there: Pick<Mixture, "signal" | "noise">,
): tf.Tensor4D {
  const ratio = there.noise / here.noise;
  return tf.add(tf.mul(noisy, ratio), tf.mul(clean, there.signal - ratio * here.signal));
}
