import * as tf from "@tensorflow/tfjs-core";
import { type Denoiser, meanSquaredError, type NetworkFunction, type NoisyBatch } from "./denoiser.js";
import { addNoise, flowPath, perSample } from "./path.js";

/**
 * Rectified flow (Liu et al. 2022, arXiv:2209.03003; Lipman et al. 2023, arXiv:2210.02747): the network estimates the
 * velocity `noise - clean` with which a noisy tensor `noisy = (1 - t) clean + t noise` moves, so
 * `clean = noisy - t velocity`. The network's level is t.
 */
export function rectifiedFlow<Condition>(network: NetworkFunction<Condition>): Denoiser<Condition> {
  return {
    path: flowPath,
    denoise: (noisy, times, condition) =>
      tf.tidy(() => tf.sub(noisy, tf.mul(perSample(times), network(noisy, times, condition))) as tf.Tensor4D),
  };
}

/**
 * The loss of a rectified flow, a mean over all values: `|network - (noise - clean)|^2` (Liu et al. 2022,
 * arXiv:2209.03003, equation 1; Lipman et al. 2023, arXiv:2210.02747, equation 23 with sigma_min = 0).
 *
 * @param batch clean tensors and noise `[batch, height, width, channels]`, times `[batch]` in (0, 1]
 * @throws DataError `ERR_SHAPE_MISMATCH` where the batch, or what the network returns, does not fit
 */
export function flowLoss<Condition>(
  network: NetworkFunction<Condition>,
  { clean, noise, times }: NoisyBatch,
  condition: Condition,
): tf.Scalar {
  return tf.tidy(() => {
    const velocity = network(addNoise(flowPath, clean, noise, times), times, condition);
    return meanSquaredError(velocity, tf.sub(noise, clean));
  });
}
