import * as tf from "@tensorflow/tfjs-core";
import { currentEngine } from "../engine/current.js";
import type { Parameters } from "../nn/parameters.js";
import { addVariable } from "../nn/parameters.js";
import { requireNumber } from "../options.js";

/** One learned number, the logarithm of the decoder's variance, that weighs distortion against everything else. */
export interface OutputVariance {
  /** `logvar`, a scalar: train it with the model's parameters. */
  readonly parameters: Parameters;
  /**
   * Negative log likelihood of a picture, less a constant: `distortion / exp(logvar) + logvar * values`, in the unit
   * of the distortion. At its best `exp(logvar)` is the distortion of one value.
   *
   * @param distortion summed over a picture, mean over the batch
   * @param values numbers of one picture, `height * width * channels`
   */
  negativeLogLikelihood(distortion: tf.Scalar, values: number): tf.Scalar;
  dispose(): void;
}

/**
 * The learned output variance of latent diffusion's `LPIPSWithDiscriminator` (`contperceptual.py`; the idea: Rybkin
 * et al. 2020, arXiv:2006.13202). There each of a picture's values carries `|x - y|` and the perceptual distance of
 * its picture, divided by `exp(logvar)`, plus `logvar`; sums over a picture, mean over the batch.
 *
 * @param options.initial logarithm of the variance at the start
 * @throws ConfigError for an option out of range; EngineError `ERR_ENGINE_NOT_IN_USE` before `engine.use()`
 */
export function createOutputVariance({ initial = 0 }: { initial?: number } = {}): OutputVariance {
  currentEngine();
  requireNumber("initial", initial, Number.NEGATIVE_INFINITY, true);
  const parameters: Parameters = {};
  addVariable(parameters, "logvar", Float32Array.of(initial), []);
  const logvar = parameters.logvar as tf.Variable;
  return {
    parameters,
    negativeLogLikelihood: (distortion, values) =>
      tf.tidy(() => tf.add(tf.mul(distortion, tf.exp(tf.neg(logvar))), tf.mul(logvar, values))) as tf.Scalar,
    dispose: () => logvar.dispose(),
  };
}
