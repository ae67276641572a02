import type * as tf from "@tensorflow/tfjs-core";
import { ConfigError } from "../../errors.js";
import type { Noise } from "../../noise.js";
import type { Posterior } from "../encoder.js";
import type { Weight } from "./weight.js";

/** Latents on their way from the encoder to the decoder; all `[batch, height, width, channels]`. */
export interface Passing {
  /** The latents as the stages so far have left them. At the start: the encoder's means. */
  latents: tf.Tensor4D;
  /**
   * Standard deviation of the latents of one picture, where a stage draws them; to first order where a later stage
   * bends them. The diffusion model's training data have it besides the spread between pictures.
   */
  sigma?: tf.Tensor4D;
  /**
   * Set by a stage after which a picture's latents are not normal with the mean `latents` and the deviation `sigma`: one
   * that bends drawn latents, or draws with a strength that is random itself. Only a draw is exact then. Stages of
   * your own that do so set it, too.
   */
  approximate?: boolean;
  /** What the encoder has said. */
  readonly posterior: Posterior;
}

/** One term that a stage adds to the loss. */
export interface Penalty {
  /** Its unit is said by the stage; no weight in it. */
  value: tf.Scalar;
  weight: Weight;
}

/** What a stage may do this time. */
export interface Passage {
  /** Where random numbers come from; without it nothing is drawn, and posteriors are their means. */
  noise: Noise | undefined;
  /** Whether perturbations that only teach the decoder, and penalties, are wanted. */
  training: boolean;
}

/** One stage between encoder and decoder; a bottleneck is an array of them. */
export interface Bottleneck {
  /** Names its penalty, too. */
  readonly name: string;
  apply(passing: Passing, passage: Passage): { passing: Passing; penalty?: Penalty };
}

export interface BottleneckResult {
  latents: tf.Tensor4D;
  sigma: tf.Tensor4D | undefined;
  /** Whether `latents` and `sigma` describe the latents of one picture only roughly; see `Passing`. */
  approximate: boolean;
  /** By the stages' names; only in training. */
  penalties: Record<string, Penalty>;
}

/**
 * Runs the stages one after the other.
 *
 * In training: with noise and `training`. For the diffusion model's data: with noise alone, which draws the
 * posteriors and leaves out the perturbations. To evaluate: with neither.
 *
 * @param stages in order; none is a plain autoencoder, whose latents are the encoder's means
 * @param posterior mean and logarithm of the variance, both `[batch, height, width, channels]`
 * @returns latents and their deviation of the posterior's shape, and the stages' penalties
 */
export function passBottleneck(
  stages: readonly Bottleneck[],
  posterior: Posterior,
  { noise, training = false }: { noise?: Noise | undefined; training?: boolean } = {},
): BottleneckResult {
  const penalties: Record<string, Penalty> = {};
  let passing: Passing = { latents: posterior.mean, posterior };
  for (const stage of stages) {
    const result = stage.apply(passing, { noise, training });
    passing = result.passing;
    if (result.penalty && training) penalties[stage.name] = result.penalty;
  }
  const { latents, sigma, approximate = false } = passing;
  return { latents, sigma, approximate, penalties };
}

/** Throws ConfigError where two stages have one name, or something is no stage. */
export function requireBottleneck(stages: readonly Bottleneck[]): void {
  const names = new Set<string>();
  for (const [index, stage] of stages.entries()) {
    if (typeof stage !== "object" || typeof stage?.apply !== "function") {
      throw new ConfigError(
        "ERR_OPTION_OUT_OF_RANGE",
        `bottleneck[${index}] is no stage. Stages come from kl(), scaledTanh(), noise() and so on: call the function.`,
      );
    }
    if (names.has(stage.name)) {
      throw new ConfigError(
        "ERR_OPTION_OUT_OF_RANGE",
        `The bottleneck has two stages "${stage.name}"; one is enough, and their penalties could not be told apart.`,
      );
    }
    names.add(stage.name);
  }
}
