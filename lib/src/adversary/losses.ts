import * as tf from "@tensorflow/tfjs-core";
import { requireSameShape } from "../nn/check.js";

/**
 * The discriminator's hinge loss, `1/2 (mean max(0, 1 - real) + mean max(0, 1 + fake))` (Lim and Ye 2017,
 * arXiv:1705.02894; with the factor 1/2 of latent diffusion's `hinge_d_loss`).
 *
 * @param real logits of true pictures, `[batch, ...]`
 * @param fake logits of the others, `[batch, ...]`
 */
export function hingeLoss(real: tf.Tensor, fake: tf.Tensor): tf.Scalar {
  return tf.tidy(() => {
    const onReal = tf.mean(tf.relu(tf.sub(1, real)));
    const onFake = tf.mean(tf.relu(tf.add(1, fake)));
    return tf.mul(0.5, tf.add(onReal, onFake)) as tf.Scalar;
  });
}

/**
 * The same with `softplus` in place of the hinge: the original loss (Goodfellow et al. 2014, arXiv:1406.2661, equation
 * 1), `vanilla_d_loss` there.
 *
 * @param real logits of true pictures, `[batch, ...]`
 * @param fake logits of the others, `[batch, ...]`
 */
export function logisticLoss(real: tf.Tensor, fake: tf.Tensor): tf.Scalar {
  return tf.tidy(() => {
    const onReal = tf.mean(tf.softplus(tf.neg(real)));
    const onFake = tf.mean(tf.softplus(fake));
    return tf.mul(0.5, tf.add(onReal, onFake)) as tf.Scalar;
  });
}

/**
 * Relativistic pairing: each true picture against one other, `mean softplus(-(better - worse))` (Huang et al. 2024,
 * arXiv:2501.05441, equation 2; Jolicoeur-Martineau 2018, arXiv:1807.00734). For the discriminator the true ones have
 * to be better, for the model its own.
 *
 * @param better logits `[batch]`
 * @param worse logits `[batch]`
 * @throws DataError `ERR_SHAPE_MISMATCH` for different shapes
 */
export function pairingLoss(better: tf.Tensor, worse: tf.Tensor): tf.Scalar {
  requireSameShape("pairingLoss", { better, worse });
  return tf.tidy(() => tf.mean(tf.softplus(tf.sub(worse, better))) as tf.Scalar);
}
