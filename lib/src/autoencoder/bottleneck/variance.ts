import * as tf from "@tensorflow/tfjs-core";
import { ConfigError } from "../../errors.js";
import { requireNumber } from "../../options.js";
import type { Bottleneck } from "./bottleneck.js";
import { requireWeight, type Weight } from "./weight.js";

export interface VarianceLossOptions {
  /** See `Weight` for how to change it while it trains. */
  weight: Weight;
  /**
   * `match` (default): `(variance - 1)^2`, from both sides. `hinge`: `max(0, 1 - sqrt(variance + 1e-4))`, only
   * against collapse (VICReg: Bardes et al. 2021, arXiv:2105.04906, equation 1).
   */
  kind?: "match" | "hinge";
}

/**
 * Pulls the variance of every channel, over the batch and all positions, to 1. The penalty is a sum over a picture:
 * each of its latents pays for its channel. `match` is ours, `hinge` the variance term of VICReg (Bardes et al. 2021,
 * arXiv:2105.04906, equation 1); see `VarianceLossOptions` for both formulas.
 *
 * The variance is one of a whole batch: it is another number for smaller batches, and with `train`'s `microBatches`, which
 * takes the mean over parts of a batch that each have their own.
 *
 * @throws ConfigError for a weight below 0 or that is no scalar, or another kind
 */
export function varianceLoss({ weight, kind = "match" }: VarianceLossOptions): Bottleneck {
  requireWeight("weight", weight);
  if (kind !== "match" && kind !== "hinge") {
    throw new ConfigError(
      "ERR_OPTION_OUT_OF_RANGE",
      `kind has to be "match" or "hinge", not ${JSON.stringify(kind)}.`,
    );
  }
  return {
    name: "variance",
    apply(passing, { training }) {
      if (!training) return { passing };
      const [, height, width] = passing.latents.shape;
      const centred = tf.sub(passing.latents, tf.mean(passing.latents, [0, 1, 2], true));
      const variance = tf.mean(tf.square(centred), [0, 1, 2]);
      const perChannel =
        kind === "match"
          ? tf.square(tf.sub(variance, 1))
          : tf.relu(tf.sub(1, tf.sqrt(tf.add(variance, 1e-4))));
      const value: tf.Scalar = tf.mul(tf.sum(perChannel), height * width);
      return { passing, penalty: { value, weight } };
    },
  };
}

/**
 * Keeps the posteriors' variances from collapsing: `1 / (sigma^2 + delta)`, summed over a picture's latents, mean
 * over the batch. The form is that of variance expansion (Li et al. 2026, arXiv:2603.21085, which bounds the latents'
 * size besides); take it with `kl({ weight: 0 })`, which draws.
 *
 * @param options.delta bounds the penalty of one latent by `1 / delta`
 * @throws ConfigError for a weight below 0 or that is no scalar, or a delta that is not above 0
 */
export function varianceExpansion({ weight, delta = 0.1 }: { weight: Weight; delta?: number }): Bottleneck {
  requireWeight("weight", weight);
  requireNumber("delta", delta, 0, true);
  return {
    name: "varianceExpansion",
    apply(passing, { training }) {
      if (!training) return { passing };
      const { logvar } = passing.posterior;
      const terms = tf.reciprocal(tf.add(tf.exp(logvar), delta));
      return { passing, penalty: { value: tf.div(tf.sum(terms), logvar.shape[0]), weight } };
    },
  };
}
