import * as tf from "@tensorflow/tfjs-core";
import { ConfigError } from "../../errors.js";
import { requireNumber } from "../../options.js";

/**
 * What a penalty counts in a loss. A scalar stays the caller's; a `tf.Variable` that is assigned between steps steers
 * a training that runs. A compiled step sees only its inputs change: there, make the weight one of them.
 */
export type Weight = number | tf.Scalar;

/**
 * Throws ConfigError unless `weight` is a number of at least 0 or a scalar, whose value is not read: that would wait
 * for the engine.
 */
export function requireWeight(name: string, weight: Weight): void {
  if (!(weight instanceof tf.Tensor)) {
    requireNumber(name, weight, 0);
  } else if (weight.rank !== 0) {
    throw new ConfigError(
      "ERR_OPTION_OUT_OF_RANGE",
      `${name} has to be a number or a scalar, not a tensor of shape [${weight.shape.join(", ")}].`,
    );
  }
}
