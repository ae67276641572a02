import * as tf from "@tensorflow/tfjs-core";
import { ConfigError } from "../errors.js";
import { requireSameShape } from "../nn/check.js";
import { requireNumber } from "../options.js";

/**
 * How far reconstructions are from their pictures, both `[batch, height, width, channels]`: summed over a picture's
 * values, mean over the batch.
 *
 * @throws DataError `ERR_SHAPE_MISMATCH` for different shapes
 */
export type Distortion = (pictures: tf.Tensor4D, reconstructions: tf.Tensor4D) => tf.Scalar;

/** The distortion whose value at a difference, for each number by itself, is `measure`. */
const ofDifference =
  (name: string, measure: (difference: tf.Tensor) => tf.Tensor): Distortion =>
  (pictures, reconstructions) => {
    requireSameShape(name, { pictures, reconstructions });
    return tf.tidy(() => tf.div(tf.sum(measure(tf.sub(reconstructions, pictures))), pictures.shape[0]));
  };

/**
 * `(x - y)^2`, summed over a picture, mean over the batch. In Gaussian terms twice the negative log likelihood at variance
 * 1, less a constant.
 *
 * @param pictures `[batch, height, width, channels]`
 * @param reconstructions of the same shape
 */
export const squaredError: Distortion = ofDifference("squaredError", tf.square);

/**
 * `|x - y|`, summed over a picture, mean over the batch: latent diffusion's.
 *
 * @param pictures `[batch, height, width, channels]`
 * @param reconstructions of the same shape
 */
export const absoluteError: Distortion = ofDifference("absoluteError", tf.abs);

/**
 * `sqrt((x - y)^2 + epsilon^2)`, summed over a picture: absolute error with a smooth minimum (Charbonnier et al.
 * 1994; Lai et al. 2017, arXiv:1704.03915, section 3.3).
 *
 * @param epsilon where the square goes over into the absolute value; pictures are in [-1, 1]
 * @throws ConfigError for an epsilon that is not above 0
 */
export function charbonnier(epsilon = 1e-3): Distortion {
  requireNumber("epsilon", epsilon, 0, true);
  return ofDifference("charbonnier", (difference) => tf.sqrt(tf.add(tf.square(difference), epsilon ** 2)));
}

/**
 * Several distortions as one: `weightedSum([1, absoluteError], [0.5, perceptualDistance(network)])`.
 *
 * @throws ConfigError without terms, or for a weight below 0
 */
export function weightedSum(...terms: [weight: number, distortion: Distortion][]): Distortion {
  if (terms.length === 0) {
    throw new ConfigError(
      "ERR_OPTION_OUT_OF_RANGE",
      "weightedSum needs at least one [weight, distortion], for example weightedSum([1, absoluteError]).",
    );
  }
  for (const [weight] of terms) requireNumber("weight", weight, 0);
  return (pictures, reconstructions) =>
    tf.tidy(() => {
      const values = terms.map(([weight, distortion]) =>
        tf.mul(distortion(pictures, reconstructions), weight),
      );
      return values.reduce((sum, value) => tf.add(sum, value)) as tf.Scalar;
    });
}
