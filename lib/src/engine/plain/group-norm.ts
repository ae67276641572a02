import * as tf from "@tensorflow/tfjs-core";
import type { EngineLayers } from "../engine.js";
import { isDifferentiatedTwice } from "./differentiated-twice.js";
import { composedSilu } from "./silu.js";

/** See `groupNorm` in `nn/`. */
export const composedGroupNorm: EngineLayers["groupNorm"] = (
  x,
  gain,
  offset,
  { groups, epsilon, activation },
) =>
  tf.tidy(() => {
    const normalised = isDifferentiatedTwice()
      ? normaliseForward(x, gain, offset, groups, epsilon).value
      : (normaliseGroups(groups, epsilon)(x, gain, offset) as tf.Tensor4D);
    return activation === "silu" ? (composedSilu(normalised) as tf.Tensor4D) : normalised;
  });

/**
 * The normalisation with its gradient written out: what automatic differentiation would make of it reads every
 * tensor about three times as often, and these tensors are the largest of the model.
 *
 * The variance is the mean square of the centred values, not E[x^2] - E[x]^2: that difference loses all digits when
 * the mean is large against the spread.
 */
const normaliseGroups = (groups: number, epsilon: number) =>
  tf.customGrad((...inputs) => {
    const [x, gain, offset, save] = inputs as unknown as [
      tf.Tensor4D,
      tf.Tensor1D,
      tf.Tensor1D,
      tf.GradSaveFunc,
    ];
    const [batch, height, width, channels] = x.shape;
    const meanOfGroup = groupMeans(x.shape, groups);
    const { value, centred, inverseStd } = normaliseForward(x, gain, offset, groups, epsilon);
    save([centred, inverseStd, gain]);

    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [centred, inverseStd, gain] = saved as [tf.Tensor3D, tf.Tensor3D, tf.Tensor1D];
      const flatDy = tf.reshape(dy, [batch, height * width, channels]);
      const dySums = sumPositions(flatDy);
      const correlations = tf.mul(sumPositions(tf.mul(flatDy, centred)), inverseStd);
      // dx = inverseStd * (g - mean(g) - normalised * mean(g * normalised)) with g = dy * gain, means over the group.
      const meanGradient = meanOfGroup(tf.mul(dySums, gain));
      const meanCorrelation = meanOfGroup(tf.mul(correlations, gain));
      const along = tf.mul(flatDy, tf.mul(inverseStd, gain));
      const towards = tf.mul(centred, tf.mul(tf.square(inverseStd), meanCorrelation));
      const dx = tf.sub(tf.sub(along, towards), tf.mul(inverseStd, meanGradient));
      return [tf.reshape(dx, dy.shape), tf.sum(correlations, [0, 1]), tf.sum(dySums, [0, 1])];
    };
    return { value, gradFunc };
  });

/** The normalisation by operations that are differentiated one by one. */
function normaliseForward(
  x: tf.Tensor4D,
  gain: tf.Tensor1D,
  offset: tf.Tensor1D,
  groups: number,
  epsilon: number,
) {
  const [batch, height, width, channels] = x.shape;
  const flat = tf.reshape(x, [batch, height * width, channels]);
  const meanOfGroup = groupMeans(x.shape, groups);
  const centred = tf.sub(flat, meanOfGroup(sumPositions(flat)));
  const variance = meanOfGroup(sumPositions(tf.square(centred)));
  const inverseStd = tf.rsqrt(tf.add(variance, epsilon));
  const scale = tf.mul(inverseStd, gain);
  const value: tf.Tensor4D = tf.reshape(tf.add(tf.mul(centred, scale), offset), x.shape);
  return { value, centred, inverseStd };
}

/** Sums over positions `[batch, 1, channels]` to the mean of each channel's group, in the same shape. */
const groupMeans =
  ([batch, height, width, channels]: tf.Tensor4D["shape"], groups: number) =>
  (sums: tf.Tensor): tf.Tensor => {
    const total = tf.sum(tf.reshape(sums, [batch, 1, groups, channels / groups]), 3, true);
    const mean = tf.div(total, (height * width * channels) / groups);
    return tf.reshape(tf.tile(mean, [1, 1, 1, channels / groups]), [batch, 1, channels]);
  };

/**
 * `[batch, positions, channels]` to `[batch, 1, channels]`. A product with a row of ones: matrix products are fast
 * on every engine, sums over an axis that is not the last are not.
 */
function sumPositions(x: tf.Tensor): tf.Tensor {
  const [batch, positions] = x.shape as [number, number, number];
  return tf.matMul(tf.ones([batch, 1, positions]), x);
}
