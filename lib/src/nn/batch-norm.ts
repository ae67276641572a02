import * as tf from "@tensorflow/tfjs-core";
import { type Parameters, requireParameter } from "./parameters.js";

/**
 * Batch normalisation with the statistics of the batch itself (Ioffe and Szegedy 2015, arXiv:1502.03167, algorithm
 * 1): every channel gets mean 0 and variance 1 over the batch and all positions, then its own gain and offset. No
 * running statistics are kept: a discriminator is never evaluated alone.
 *
 * @param x `[batch, height, width, channels]`
 * @param name of the layer: parameters `<name>.weight` and `<name>.bias`, both `[channels]`
 * @param epsilon added to the variance; the default is PyTorch's
 */
export function batchNorm(parameters: Parameters, name: string, x: tf.Tensor4D, epsilon = 1e-5): tf.Tensor4D {
  const gain = requireParameter(parameters, `${name}.weight`);
  const offset = requireParameter(parameters, `${name}.bias`);
  return tf.tidy(() => {
    const centred = tf.sub(x, tf.mean(x, [0, 1, 2], true));
    const variance = tf.mean(tf.square(centred), [0, 1, 2], true);
    const scale = tf.mul(tf.rsqrt(tf.add(variance, epsilon)), gain);
    return tf.add(tf.mul(centred, scale), offset);
  });
}
