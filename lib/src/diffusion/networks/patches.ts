import * as tf from "@tensorflow/tfjs-core";

/** `[batch, height, width, channels]` to tokens `[batch, height / patch * width / patch, patch * patch * channels]`. */
export function toPatches(x: tf.Tensor4D, patch: number): tf.Tensor3D {
  const [batch, height, width, channels] = x.shape;
  if (patch === 1) return tf.reshape(x, [batch, height * width, channels]);
  const rows = tf.reshape(x, [(batch * height) / patch, patch, width / patch, patch * channels]);
  const size = patch * patch * channels;
  return tf.reshape(tf.transpose(rows, [0, 2, 1, 3]), [batch, (height * width) / patch ** 2, size]);
}

/** The way back, to a tensor of that shape. */
export function fromPatches(
  tokens: tf.Tensor3D,
  patch: number,
  shape: readonly [number, number, number, number],
): tf.Tensor4D {
  const [batch, height, width, channels] = shape;
  if (patch === 1) return tf.reshape(tokens, [...shape]);
  const rows = tf.reshape(tokens, [(batch * height) / patch, width / patch, patch, patch * channels]);
  return tf.reshape(tf.transpose(rows, [0, 2, 1, 3]), [...shape]);
}
