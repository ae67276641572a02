import * as tf from "@tensorflow/tfjs-core";

/**
 * Every square of `factor` x `factor` pixels into the channels of one position: PyTorch's `pixel_unshuffle`. Channel
 * `c`, row `i` and column `j` of the square become channel `(c * factor + i) * factor + j`. Nothing is lost.
 *
 * @param x `[batch, height, width, channels]`
 * @returns `[batch, height / factor, width / factor, channels * factor * factor]`
 */
export function spaceToChannel(x: tf.Tensor4D, factor: number): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const [rows, columns] = [height / factor, width / factor];
  return tf.tidy(() => {
    const squares = tf.reshape(x, [batch, rows, factor, columns, factor, channels]);
    const ordered = tf.transpose(squares, [0, 1, 3, 5, 2, 4]);
    return tf.reshape(ordered, [batch, rows, columns, channels * factor * factor]) as tf.Tensor4D;
  });
}

/** The way back: PyTorch's `pixel_shuffle`. */
export function channelToSpace(x: tf.Tensor4D, factor: number): tf.Tensor4D {
  const [batch, rows, columns, deep] = x.shape;
  const channels = deep / (factor * factor);
  return tf.tidy(() => {
    const squares = tf.reshape(x, [batch, rows, columns, channels, factor, factor]);
    const ordered = tf.transpose(squares, [0, 1, 4, 2, 5, 3]);
    return tf.reshape(ordered, [batch, rows * factor, columns * factor, channels]) as tf.Tensor4D;
  });
}

/**
 * The residual shortcut of deep compression autoencoders downwards (Chen et al. 2024, arXiv:2410.10733, section 3.2):
 * `spaceToChannel`, then means of neighbouring channels, as many as leave `outChannels`. It has no parameters.
 *
 * @param x `[batch, height, width, channels]`; `4 * channels` is a multiple of `outChannels`
 * @returns `[batch, height / 2, width / 2, outChannels]`
 */
export function averagingShortcut(x: tf.Tensor4D, outChannels: number): tf.Tensor4D {
  return tf.tidy(() => {
    const deep = spaceToChannel(x, 2);
    const [batch, height, width, channels] = deep.shape;
    const groups = tf.reshape(deep, [batch, height, width, outChannels, channels / outChannels]);
    return tf.mean(groups, 4) as tf.Tensor4D;
  });
}

/**
 * The same upwards: every channel repeated, as often as leaves `outChannels` after `channelToSpace`.
 *
 * @param x `[batch, height, width, channels]`; `4 * outChannels` is a multiple of `channels`
 * @returns `[batch, 2 * height, 2 * width, outChannels]`
 */
export function duplicatingShortcut(x: tf.Tensor4D, outChannels: number): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const copies = (4 * outChannels) / channels;
  return tf.tidy(() => {
    const columns = tf.reshape(x, [batch, height, width * channels, 1]) as tf.Tensor4D;
    const repeated = tf.tile(columns, [1, 1, 1, copies]);
    return channelToSpace(tf.reshape(repeated, [batch, height, width, 4 * outChannels]), 2);
  });
}
