import * as tf from "@tensorflow/tfjs-core";
import { requireWeight, type Weight } from "../autoencoder/bottleneck/weight.js";
import { stopGradient } from "../engine/index.js";
import type { Adversary, DiscriminatorLoss } from "./adversary.js";
import { gradientPenalty } from "./gradient-penalty.js";
import { pairingLoss } from "./losses.js";
import { createResidualDiscriminator, type ResidualDiscriminatorOptions } from "./residual-discriminator.js";

export interface R3GanOptions extends ResidualDiscriminatorOptions {
  /** Weight of the penalties: `gamma / 2 * (R1 + R2)`. Larger pictures need more of it. */
  gamma?: Weight;
  /** Another discriminator, pictures to logits `[batch]`, which must not mix the pictures of a batch. */
  discriminator?: Pick<Adversary, "parameters" | "dispose"> & { judge(pictures: tf.Tensor4D): tf.Tensor };
}

export interface R3Gan extends Adversary {
  /** @param options.gamma in the place of the adversary's own: a setting of the training, to change it while it trains */
  discriminatorLoss(real: tf.Tensor4D, fake: tf.Tensor4D, options?: { gamma?: Weight }): DiscriminatorLoss;
}

/**
 * R3GAN's adversary (Huang et al. 2024, arXiv:2501.05441, equations 2 to 4): relativistic pairing, with zero-centred
 * gradient penalties on true pictures (R1) and on the model's (R2), and a discriminator without normalisation. For an
 * autoencoder the pairs are pictures and their own reconstructions. It needs neither an adaptive weight nor a delayed
 * start.
 *
 * @throws ConfigError for an option out of range; EngineError `ERR_ENGINE_NOT_IN_USE` before `engine.use()`
 */
export function createR3Gan({ gamma: own = 1, discriminator: given, ...options }: R3GanOptions = {}): R3Gan {
  requireWeight("gamma", own);
  const discriminator = given ?? createResidualDiscriminator(options);
  const judge = (pictures: tf.Tensor4D) => discriminator.judge(pictures);
  return {
    parameters: discriminator.parameters,
    generatorLoss: (real, fake) => tf.tidy(() => pairingLoss(judge(fake), judge(stopGradient(real)))),
    discriminatorLoss(real, fake, { gamma = own } = {}) {
      requireWeight("gamma", gamma);
      return tf.tidy(() => {
        const { logits: realLogits, penalty: r1 } = gradientPenalty(judge, real);
        const { logits: fakeLogits, penalty: r2 } = gradientPenalty(judge, fake);
        const penalty = tf.mul(tf.add(r1, r2), tf.mul(gamma, 0.5));
        return {
          loss: tf.add(pairingLoss(realLogits, fakeLogits), penalty) as tf.Scalar,
          realLogits: tf.mean(realLogits) as tf.Scalar,
          fakeLogits: tf.mean(fakeLogits) as tf.Scalar,
          penalties: { r1, r2 },
        };
      }) as unknown as DiscriminatorLoss;
    },
    dispose: () => discriminator.dispose(),
  };
}
