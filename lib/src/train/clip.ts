import * as tf from "@tensorflow/tfjs-core";

/** Guards the division, as in PyTorch's `clip_grad_norm_`. */
const epsilon = 1e-6;

/**
 * Shortens all gradients together where they are longer than `limit`, and keeps their direction (Pascanu et al. 2013,
 * arXiv:1211.5063, algorithm 1; the formula is PyTorch's: `gradient * min(1, limit / (norm + 1e-6))`).
 *
 * @param limit a number, or a scalar where a compiled step should not fix it
 * @returns new tensors, and the length before: the caller's to dispose of
 */
export function clipByGlobalNorm(
  gradients: Record<string, tf.Tensor>,
  limit: number | tf.Scalar,
): { gradients: Record<string, tf.Tensor>; norm: tf.Scalar } {
  return tf.tidy(() => {
    const squares = Object.values(gradients).map((gradient) => tf.sum(tf.square(gradient)));
    const norm = tf.sqrt(squares.length > 0 ? tf.sum(tf.stack(squares)) : tf.scalar(0)) as tf.Scalar;
    const scale = tf.minimum(tf.div(limit, tf.add(norm, epsilon)), 1);
    const clipped = Object.entries(gradients).map(([name, gradient]) => [name, tf.mul(gradient, scale)]);
    return { gradients: Object.fromEntries(clipped), norm };
  });
}
