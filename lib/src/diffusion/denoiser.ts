import * as tf from "@tensorflow/tfjs-core";
import { requireSameShape } from "../nn/check.js";
import type { Path } from "./path.js";

/**
 * What a model learns in, whatever it is made of: a function of a noisy tensor, the noise level and the condition.
 * Which function it should become is the parametrisation's affair (`rectifiedFlow`, `edm`, `epsilonDdpm`,
 * `velocityDdpm`).
 *
 * @param input `[batch, height, width, channels]`
 * @param level `[batch]`; a number that says how noisy the input is, between about -2 and 2
 * @returns the shape of `input`
 */
export type NetworkFunction<Condition = undefined> = (
  input: tf.Tensor4D,
  level: tf.Tensor1D,
  condition: Condition,
) => tf.Tensor4D;

/** The one face of all parametrisations: samplers, guidance and distillation see nothing else. */
export interface Denoiser<Condition = undefined> {
  /** How the noisy tensors came about that it knows, and what a time means. */
  readonly path: Path;
  /** Where the path has less signal than this, the estimate is of no use; none where it always is of some. */
  readonly minSignal?: number;
  /**
   * The estimate of the clean tensor, E[clean | noisy].
   *
   * @param noisy `[batch, height, width, channels]`
   * @param times `[batch]`, of the path
   * @returns the shape of `noisy`
   */
  denoise(noisy: tf.Tensor4D, times: tf.Tensor1D, condition: Condition): tf.Tensor4D;
}

/**
 * What a loss is computed from. All of it comes in as tensors and nothing is drawn on the way, so that a compiled step
 * can be replayed.
 */
export interface NoisyBatch {
  /** `[batch, height, width, channels]` */
  clean: tf.Tensor4D;
  /** Standard normal, of the same shape. */
  noise: tf.Tensor4D;
  /** `[batch]`, of the path; see `times.ts` for how to draw them. */
  times: tf.Tensor1D;
}

/**
 * Mean over all values of the squared difference, each sample's times its weight where there are weights `[batch]`.
 *
 * @throws DataError `ERR_SHAPE_MISMATCH` for different shapes: of a network that returns another than it gets
 */
export function meanSquaredError(estimate: tf.Tensor4D, target: tf.Tensor4D, weights?: tf.Tensor): tf.Scalar {
  requireSameShape("the loss", { estimate, target });
  const squares = tf.square(tf.sub(estimate, target));
  return tf.mean(weights ? tf.mul(squares, weights) : squares);
}
