import * as tf from "@tensorflow/tfjs-core";
import { stopGradient } from "../engine/index.js";
import { ConfigError } from "../errors.js";
import type { Adversary, DiscriminatorLoss } from "./adversary.js";
import { hingeLoss, logisticLoss } from "./losses.js";
import { createPatchDiscriminator, type PatchDiscriminatorOptions } from "./patch-discriminator.js";

export interface PatchGanOptions extends PatchDiscriminatorOptions {
  /** `hinge` by default, as in latent diffusion. */
  loss?: "hinge" | "logistic";
}

/**
 * Latent diffusion's adversary (Rombach et al. 2022, arXiv:2112.10752, after Esser et al. 2021, arXiv:2012.09841):
 * PatchGAN's discriminator (`createPatchDiscriminator`) with the hinge loss (`hingeLoss`); the model's loss is
 * `-mean(logits)`. Pictures are `[batch, height, width, imageChannels]` in [-1, 1]. `LPIPSWithDiscriminator` weighs that
 * by `adaptiveWeight` times 0.5, and both sides begin by `delayedStart`.
 *
 * @throws ConfigError for an option out of range; EngineError `ERR_ENGINE_NOT_IN_USE` before `engine.use()`
 */
export function createPatchGan({ loss = "hinge", ...options }: PatchGanOptions = {}): Adversary {
  if (loss !== "hinge" && loss !== "logistic") {
    throw new ConfigError(
      "ERR_OPTION_OUT_OF_RANGE",
      `loss has to be "hinge" or "logistic", not ${JSON.stringify(loss)}.`,
    );
  }
  const discriminator = createPatchDiscriminator(options);
  const compare = loss === "hinge" ? hingeLoss : logisticLoss;
  return {
    parameters: discriminator.parameters,
    generatorLoss: (_real, fake) => tf.tidy(() => tf.neg(tf.mean(discriminator.judge(fake))) as tf.Scalar),
    discriminatorLoss: (real, fake) =>
      tf.tidy(() => {
        const realLogits = discriminator.judge(real);
        const fakeLogits = discriminator.judge(stopGradient(fake));
        return {
          loss: compare(realLogits, fakeLogits),
          realLogits: tf.mean(realLogits) as tf.Scalar,
          fakeLogits: tf.mean(fakeLogits) as tf.Scalar,
          penalties: {},
        };
      }) as unknown as DiscriminatorLoss,
    dispose: discriminator.dispose,
  };
}
