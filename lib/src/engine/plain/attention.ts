import * as tf from "@tensorflow/tfjs-core";

/** See `attention` in `nn/`. */
export function composedAttention(query: tf.Tensor4D, key: tf.Tensor4D, value: tf.Tensor4D): tf.Tensor4D {
  return tf.tidy(() => {
    const [, , , size] = query.shape;
    // The query and not the product is scaled: it is the smaller of the two.
    const scores = tf.matMul(tf.mul(query, 1 / Math.sqrt(size)), key, false, true);
    return tf.matMul(tf.softmax(scores), value);
  });
}
