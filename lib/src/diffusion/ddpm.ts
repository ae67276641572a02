import * as tf from "@tensorflow/tfjs-core";
import { type Denoiser, meanSquaredError, type NetworkFunction, type NoisyBatch } from "./denoiser.js";
import { addNoise, cosinePath, type Path, perSample } from "./path.js";

/**
 * DDPM (Ho et al. 2020, arXiv:2006.11239): the network estimates the noise, so
 * `clean = (noisy - noise network) / signal` (equation 15). The network's level is t.
 *
 * Where hardly any signal is left, the smallest error of the network becomes a large one of the estimate: samplers refuse
 * to start at t = 1 of a path that ends in pure noise. Start at 0.99, or take `velocityDdpm`.
 *
 * @param path `cosinePath` or `linearPath`
 */
export function epsilonDdpm<Condition>(
  network: NetworkFunction<Condition>,
  path: Path = cosinePath,
): Denoiser<Condition> {
  return {
    path,
    minSignal: 1e-3,
    denoise: (noisy, times, condition) =>
      tf.tidy(() => {
        const { signal, noise } = path.mixture(perSample(times));
        return tf.div(tf.sub(noisy, tf.mul(noise, network(noisy, times, condition))), signal) as tf.Tensor4D;
      }),
  };
}

/**
 * DDPM's simple loss, a mean over all values: `|network - noise|^2` (Ho et al. 2020, arXiv:2006.11239, equation 14).
 *
 * @param batch clean tensors and noise `[batch, height, width, channels]`, times `[batch]` in [0, 1]
 * @param path `cosinePath` or `linearPath`
 * @throws DataError `ERR_SHAPE_MISMATCH` where the batch, or what the network returns, does not fit
 */
export function epsilonLoss<Condition>(
  network: NetworkFunction<Condition>,
  { clean, noise, times }: NoisyBatch,
  condition: Condition,
  path: Path = cosinePath,
): tf.Scalar {
  return tf.tidy(() => {
    return meanSquaredError(network(addNoise(path, clean, noise, times), times, condition), noise);
  });
}

/**
 * v-prediction (Salimans and Ho 2022, arXiv:2202.00512, section 4 and appendix D): the network estimates `v = signal
 * noise - noise clean`, so `clean = signal noisy - noise v` on a path with `signal^2 + noise^2 = 1`. Works at pure
 * noise, too. The network's level is t.
 *
 * @param path `cosinePath` or `linearPath`
 */
export function velocityDdpm<Condition>(
  network: NetworkFunction<Condition>,
  path: Path = cosinePath,
): Denoiser<Condition> {
  return {
    path,
    denoise: (noisy, times, condition) =>
      tf.tidy(() => {
        const { signal, noise } = path.mixture(perSample(times));
        const velocity = network(noisy, times, condition);
        return tf.sub(tf.mul(signal, noisy), tf.mul(noise, velocity)) as tf.Tensor4D;
      }),
  };
}

/**
 * `|network - v|^2`, a mean over all values (Salimans and Ho 2022, arXiv:2202.00512, section 4: the weighting "SNR + 1").
 *
 * @param batch clean tensors and noise `[batch, height, width, channels]`, times `[batch]` in [0, 1]
 * @param path `cosinePath` or `linearPath`
 * @throws DataError `ERR_SHAPE_MISMATCH` where the batch, or what the network returns, does not fit
 */
export function velocityLoss<Condition>(
  network: NetworkFunction<Condition>,
  { clean, noise, times }: NoisyBatch,
  condition: Condition,
  path: Path = cosinePath,
): tf.Scalar {
  return tf.tidy(() => {
    const amounts = path.mixture(perSample(times));
    const velocity = tf.sub(tf.mul(amounts.signal, noise), tf.mul(amounts.noise, clean)) as tf.Tensor4D;
    return meanSquaredError(network(addNoise(path, clean, noise, times), times, condition), velocity);
  });
}
