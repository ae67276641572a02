import * as tf from "@tensorflow/tfjs-core";
import { requireNumber } from "../options.js";
import { type Denoiser, meanSquaredError, type NetworkFunction, type NoisyBatch } from "./denoiser.js";
import { addNoise, edmPath, perSample } from "./path.js";

export interface EdmOptions {
  /** Standard deviation of the clean data. The paper's pictures have 0.5; standardised latents have 1. */
  sigmaData?: number;
}

/**
 * EDM's preconditioning (Karras et al. 2022, arXiv:2206.00364, equation 7 and table 1): inputs and targets of the
 * network have variance 1 at every noise level, `clean = c_skip noisy + c_out network(c_in noisy, c_noise)`.
 *
 * @throws ConfigError for a `sigmaData` that is not above 0
 */
export function edm<Condition>(
  network: NetworkFunction<Condition>,
  { sigmaData = 1 }: EdmOptions = {},
): Denoiser<Condition> {
  requireNumber("sigmaData", sigmaData, 0, true);
  return {
    path: edmPath,
    denoise: (noisy, sigmas, condition) =>
      tf.tidy(() => {
        const { skip, out, input, noise } = preconditioning(sigmas, sigmaData);
        const estimate = network(tf.mul(noisy, input), noise, condition);
        return tf.add(tf.mul(noisy, skip), tf.mul(estimate, out)) as tf.Tensor4D;
      }),
  };
}

/**
 * EDM's loss, a mean over all values: `lambda(sigma) |denoise(clean + sigma noise) - clean|^2` with
 * `lambda = (sigma^2 + sigmaData^2) / (sigma sigmaData)^2` (Karras et al. 2022, arXiv:2206.00364, equations 2 and 8 and
 * table 1). That is the network's own squared error, of the same size at every level: 1 for a network that returns 0.
 *
 * @param batch clean tensors and noise `[batch, height, width, channels]`, times `[batch]`: sigmas, above 0; see
 *   `logNormalSigmas`
 * @throws ConfigError for a `sigmaData` that is not above 0
 */
export function edmLoss<Condition>(
  network: NetworkFunction<Condition>,
  { clean, noise, times }: NoisyBatch,
  condition: Condition,
  { sigmaData = 1 }: EdmOptions = {},
): tf.Scalar {
  return tf.tidy(() => {
    const noisy = addNoise(edmPath, clean, noise, times);
    const denoised = edm(network, { sigmaData }).denoise(noisy, times, condition);
    const squares = perSample(tf.square(times));
    const weights = tf.div(tf.add(squares, sigmaData ** 2), tf.mul(squares, sigmaData ** 2));
    return meanSquaredError(denoised, clean, weights);
  });
}

/** Table 1, row "Network and preconditioning": `skip`, `out` and `input` are `[batch, 1, 1, 1]`, `noise` is `[batch]`. */
export function preconditioning(sigmas: tf.Tensor1D, sigmaData: number) {
  const sigma = perSample(sigmas);
  const total = tf.add(tf.square(sigma), sigmaData ** 2);
  return {
    skip: tf.div(sigmaData ** 2, total),
    out: tf.mul(tf.mul(sigma, sigmaData), tf.rsqrt(total)),
    input: tf.rsqrt(total),
    noise: tf.div(tf.log(sigmas), 4) as tf.Tensor1D,
  };
}
