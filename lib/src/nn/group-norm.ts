import * as tf from "@tensorflow/tfjs-core";
import { type Parameters, requireParameter } from "./parameters.js";

/** Small models have few channels: groups of four at least, up to the 32 groups that SD uses throughout. */
const minChannelsPerGroup = 4;
const maxGroups = 32;

/** diffusers' `resnet_eps`: keeps a constant group (a plain picture) from dividing by zero. */
const epsilon = 1e-6;

/** How many groups `groupNorm` makes of so many channels: the most that divide them evenly within the bounds above. */
export function groupsOf(channels: number): number {
  let groups = Math.min(maxGroups, Math.max(1, Math.floor(channels / minChannelsPerGroup)));
  while (channels % groups !== 0) groups -= 1;
  return groups;
}

/**
 * Group normalisation (Wu and He 2018, arXiv:1803.08494): every group of channels of every picture gets mean 0 and
 * variance 1 over its positions and channels, then each channel its own gain and offset.
 *
 * The variance is the mean square of the centred values, not E[x^2] - E[x]^2: that difference loses all digits when
 * the mean is large against the spread.
 *
 * @param x `[batch, height, width, channels]`
 * @param name of the layer: parameters `<name>.weight` and `<name>.bias`, both `[channels]`
 * @returns the shape of `x`
 */
export function groupNorm(parameters: Parameters, name: string, x: tf.Tensor4D): tf.Tensor4D {
  const gain = requireParameter(parameters, `${name}.weight`) as tf.Tensor as tf.Tensor1D;
  const offset = requireParameter(parameters, `${name}.bias`) as tf.Tensor as tf.Tensor1D;
  return normaliseGroups(x, gain, offset) as tf.Tensor4D;
}

/**
 * The normalisation with its gradient written out: what automatic differentiation would make of it reads every
 * tensor about three times as often, and these tensors are the largest of the model.
 */
const normaliseGroups = tf.customGrad((...inputs) => {
  const [x, gain, offset, save] = inputs as unknown as [
    tf.Tensor4D,
    tf.Tensor1D,
    tf.Tensor1D,
    tf.GradSaveFunc,
  ];
  const [batch, height, width, channels] = x.shape;
  const groups = groupsOf(channels);
  const flat = tf.reshape(x, [batch, height * width, channels]);

  /** Sums over positions `[batch, 1, channels]` to the mean of each channel's group, in the same shape. */
  const meanOfGroup = (sums: tf.Tensor): tf.Tensor => {
    const total = tf.sum(tf.reshape(sums, [batch, 1, groups, channels / groups]), 3, true);
    const mean = tf.div(total, (height * width * channels) / groups);
    return tf.reshape(tf.tile(mean, [1, 1, 1, channels / groups]), [batch, 1, channels]);
  };

  const centred = tf.sub(flat, meanOfGroup(sumPositions(flat)));
  const variance = meanOfGroup(sumPositions(tf.square(centred)));
  const inverseStd = tf.rsqrt(tf.add(variance, epsilon));
  const scale = tf.mul(inverseStd, gain);
  const value = tf.reshape(tf.add(tf.mul(centred, scale), offset), x.shape);
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

/**
 * `[batch, positions, channels]` to `[batch, 1, channels]`. A product with a row of ones: matrix products are fast
 * on every engine, sums over an axis that is not the last are not.
 */
function sumPositions(x: tf.Tensor): tf.Tensor {
  const [batch, positions] = x.shape as [number, number, number];
  return tf.matMul(tf.ones([batch, 1, positions]), x);
}
