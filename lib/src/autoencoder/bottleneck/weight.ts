import * as tf from "@tensorflow/tfjs-core";
import { ConfigError } from "../../errors.js";
import { requireNumber } from "../../options.js";

/**
 * What a penalty counts in a loss; a scalar stays the caller's. To steer a training that runs, let it be one of `train`'s
 * settings, which are journalled, and the same again when it is resumed:
 *
 *     settings: { klWeight: 1e-6 },
 *     ... loss: ({ batch, settings, noise }) =>
 *       autoencoderObjective(model, batch.pictures, { noise, bottleneck: [kl({ weight: settings.klWeight })] })
 *
 * A `tf.Variable` that is assigned between two steps is seen by the next one, too, compiled or not. But it is in no journal
 * and in no checkpoint: whoever resumes has to set it again.
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
