import * as tf from "@tensorflow/tfjs-core";
import { isDifferentiatedTwice } from "./differentiated-twice.js";

/** d/dx x * s = s + y * (1 - s), with s = sigmoid(x) and y = x * s: fewer passes than by differentiating the product. */
const siluWithGradient = tf.customGrad((...inputs) => {
  const [x, save] = inputs as unknown as [tf.Tensor, tf.GradSaveFunc];
  const gate = tf.sigmoid(x);
  const value = tf.mul(x, gate);
  save([gate, value]);
  const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
    const [gate, value] = saved as [tf.Tensor, tf.Tensor];
    return tf.mul(dy, tf.sub(tf.add(gate, value), tf.mul(gate, value)));
  };
  return { value, gradFunc };
});

/** See `silu` in `nn/`. */
export function composedSilu(x: tf.Tensor): tf.Tensor {
  return isDifferentiatedTwice() ? tf.mul(x, tf.sigmoid(x)) : siluWithGradient(x);
}
