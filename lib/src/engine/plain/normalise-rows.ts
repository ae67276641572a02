import * as tf from "@tensorflow/tfjs-core";
import { isDifferentiatedTwice } from "./differentiated-twice.js";

/** See `normaliseRows` in `nn/`. */
export function composedNormaliseRows(x: tf.Tensor, epsilon: number): tf.Tensor {
  if (!isDifferentiatedTwice()) return normalise(epsilon)(x);
  return tf.tidy(() => {
    const centred = tf.sub(x, tf.mean(x, -1, true));
    return tf.mul(centred, tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon)));
  });
}

/** Written out like the gradient of `groupNorm`, and for the same reason: fewer passes over the tensor. */
const normalise = (epsilon: number) =>
  tf.customGrad((...inputs) => {
    const [x, save] = inputs as unknown as [tf.Tensor, tf.GradSaveFunc];
    const meanOfRow = (rows: tf.Tensor) => tf.mean(rows, -1, true);
    const centred = tf.sub(x, meanOfRow(x));
    const inverseStd = tf.rsqrt(tf.add(meanOfRow(tf.square(centred)), epsilon));
    const value = tf.mul(centred, inverseStd);
    save([value, inverseStd]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [value, inverseStd] = saved as [tf.Tensor, tf.Tensor];
      const along = tf.sub(dy, meanOfRow(dy));
      return tf.mul(inverseStd, tf.sub(along, tf.mul(value, meanOfRow(tf.mul(dy, value)))));
    };
    return { value, gradFunc };
  });
