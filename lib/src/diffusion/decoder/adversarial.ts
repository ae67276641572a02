import * as tf from "@tensorflow/tfjs-core";
import { hingeLoss } from "../../adversary/losses.js";
import { requireNumber } from "../../options.js";
import { type Denoiser, meanSquaredError, type NoisyBatch } from "../denoiser.js";
import { addNoise } from "../path.js";

/**
 * Says how real pictures look: above 0 for real, below for made. The `judge` of `createPatchDiscriminator` is one, which
 * does not look at the condition; to show it a decoder's latents, judge pictures with them as further channels.
 *
 * @param pictures `[batch, height, width, channels]`
 * @returns one or more numbers a picture, of any shape
 */
export type Discriminator<Condition = undefined> = (pictures: tf.Tensor4D, condition: Condition) => tf.Tensor;

export interface AdversarialTerms {
  /** `adversarial + weight * distillation`. */
  loss: tf.Scalar;
  adversarial: tf.Scalar;
  distillation: tf.Scalar;
  /** What the student has made, `[batch, height, width, channels]`: hand it on to the discriminator. */
  made: tf.Tensor4D;
}

/**
 * The student's loss in adversarial diffusion distillation (Sauer et al. 2023, arXiv:2311.17042): one
 * call of the student from a noisy picture should pass for real, and should be what the teacher makes of it.
 *
 * @param student a denoiser, usually a copy of the teacher to begin with
 * @param discriminator its parameters are left alone: give the gradients the student's
 * @param batch clean tensors and noise `[batch, height, width, channels]`, times `[batch]`, those at which the
 *   student will be called; 1 for one step from noise
 * @param targets `[batch, height, width, channels]`: what the teacher makes of the same noisy pictures, or the true
 *   pictures, which a decoder's latents determine nearly
 * @param options.weight of the squared distance to the targets (the paper's 2.5)
 * @throws ConfigError for a weight below 0
 */
export function adversarialStudentLoss<Condition>(
  student: Denoiser<Condition>,
  discriminator: Discriminator<Condition>,
  { clean, noise, times }: NoisyBatch,
  targets: tf.Tensor4D,
  condition: Condition,
  { weight = 2.5 }: { weight?: number } = {},
): AdversarialTerms {
  requireNumber("weight", weight, 0);
  return tf.tidy(() => {
    const made = student.denoise(addNoise(student.path, clean, noise, times), times, condition);
    const adversarial = tf.neg(tf.mean(discriminator(made, condition))) as tf.Scalar;
    const distillation = meanSquaredError(made, targets);
    const loss = tf.add(adversarial, tf.mul(distillation, weight));
    return { loss, adversarial, distillation, made };
  }) as unknown as AdversarialTerms;
}

/**
 * The discriminator's hinge loss, as in `hingeLoss` (Sauer et al. 2023 add a gradient penalty: `gradientPenalty`).
 *
 * @param real true pictures, `[batch, height, width, channels]`
 * @param made the student's pictures of the same shape, handed on or computed outside of the gradients
 */
export function adversarialDiscriminatorLoss<Condition>(
  discriminator: Discriminator<Condition>,
  real: tf.Tensor4D,
  made: tf.Tensor4D,
  condition: Condition,
): tf.Scalar {
  return tf.tidy(() => hingeLoss(discriminator(real, condition), discriminator(made, condition)));
}
