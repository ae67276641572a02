import * as tf from "@tensorflow/tfjs-core";
import { DataError } from "../errors.js";
import type { Distortion } from "./distortions.js";
import type { FeatureNetwork } from "./feature-network.js";

/** LPIPS's guard of the division by a position's length. */
const epsilon = 1e-10;

/**
 * Perceptual distance of every pair of pictures (LPIPS: Zhang et al. 2018, arXiv:1801.03924, equation 1): at each
 * scale both maps' positions are divided by their length over the channels, squared differences are weighted channel
 * by channel and summed, and the mean over the positions is taken; the scales add up. A network without learned
 * weights counts every channel once (`lpips=False` in the authors' code).
 *
 * @param pictures `[batch, height, width, channels]` in [-1, 1]
 * @returns `[batch]`, without unit
 * @throws DataError `ERR_SHAPE_MISMATCH` where the pictures do not fit each other or the network
 */
export function perceptualDistances(
  network: FeatureNetwork,
  pictures: tf.Tensor4D,
  reconstructions: tf.Tensor4D,
): tf.Tensor1D {
  requirePictures(network, pictures, reconstructions);
  return tf.tidy(() => {
    const [first, second] = [network.maps(pictures), network.maps(reconstructions)];
    const scales = first.map((map, scale) => {
      const difference = tf.sub(toUnitLength(map), toUnitLength(second[scale] as tf.Tensor4D));
      const weights = network.channelWeights?.[scale];
      const squares = weights ? tf.mul(tf.square(difference), weights) : tf.square(difference);
      return tf.mean(tf.sum(squares, 3), [1, 2]);
    });
    return scales.reduce((sum, scale) => tf.add(sum, scale)) as tf.Tensor1D;
  });
}

/**
 * `perceptualDistances` (LPIPS: Zhang et al. 2018, arXiv:1801.03924, equation 1) as a distortion of pictures
 * `[batch, height, width, channels]`: mean over the batch, times the number of a picture's values. Latent diffusion adds
 * the distance to each value's `|x - y|` before it sums over the picture, which is the same: there the weight is 1.
 *
 * @throws what `perceptualDistances` throws, when it is called
 */
export function perceptualDistance(network: FeatureNetwork): Distortion {
  return (pictures, reconstructions) =>
    tf.tidy(() => {
      const values = pictures.size / pictures.shape[0];
      return tf.mul(tf.mean(perceptualDistances(network, pictures, reconstructions)), values) as tf.Scalar;
    });
}

function toUnitLength(map: tf.Tensor4D): tf.Tensor4D {
  // Inside the root as well: at 0 it has no slope.
  const length = tf.sqrt(tf.add(tf.sum(tf.square(map), 3, true), epsilon ** 2));
  return tf.div(map, tf.add(length, epsilon));
}

function requirePictures(network: FeatureNetwork, pictures: tf.Tensor4D, reconstructions: tf.Tensor4D): void {
  const [, , , channels] = pictures.shape;
  if (pictures.shape.join() === reconstructions.shape.join() && channels === network.imageChannels) return;
  throw new DataError(
    "ERR_SHAPE_MISMATCH",
    `Pictures [${pictures.shape.join(", ")}] and [${reconstructions.shape.join(", ")}] have to be of one shape, with ${network.imageChannels} channels.`,
  );
}
