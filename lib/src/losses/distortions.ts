import * as tf from "@tensorflow/tfjs-core";
import { ConfigError } from "../errors.js";
import { requireNumber } from "../options.js";

/**
 * How far reconstructions are from their pictures, both `[batch, height, width, channels]`: summed over a picture's
 * values, mean over the batch.
 */
export type Distortion = (pictures: tf.Tensor4D, reconstructions: tf.Tensor4D) => tf.Scalar;

/** Sums over a picture to the mean over the batch. */
function perPicture(values: tf.Tensor): tf.Scalar {
  return tf.div(tf.sum(values), values.shape[0] as number);
}

/**
 * `(x - y)^2`, summed over a picture. In Gaussian terms twice the negative log likelihood at variance 1, less a
 * constant.
 */
export const squaredError: Distortion = (pictures, reconstructions) =>
  tf.tidy(() => perPicture(tf.square(tf.sub(reconstructions, pictures))));

/** `|x - y|`, summed over a picture: latent diffusion's. */
export const absoluteError: Distortion = (pictures, reconstructions) =>
  tf.tidy(() => perPicture(tf.abs(tf.sub(reconstructions, pictures))));

/**
 * `sqrt((x - y)^2 + epsilon^2)`, summed over a picture: absolute error with a smooth minimum (Charbonnier et al.
 * 1994; Lai et al. 2017, arXiv:1704.03915, section 3.3).
 *
 * @param epsilon where the square goes over into the absolute value; pictures are in [-1, 1]
 */
export function charbonnier(epsilon = 1e-3): Distortion {
  requireNumber("epsilon", epsilon, 0, true);
  return (pictures, reconstructions) =>
    tf.tidy(() => {
      const squares = tf.square(tf.sub(reconstructions, pictures));
      return perPicture(tf.sqrt(tf.add(squares, epsilon ** 2)));
    });
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
