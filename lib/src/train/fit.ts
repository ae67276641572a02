import * as tf from "@tensorflow/tfjs-core";
import { klDivergence } from "../autoencoder/bottleneck/kl-divergence.js";
import { kl } from "../autoencoder/bottleneck/posterior.js";
import type { Codec } from "../autoencoder/codec.js";
import { type ImageBatch, imageBatches } from "../data/batches/image-batches.js";
import type { ImageSource } from "../data/batches/source.js";
import { type ImageSet, toTensor } from "../data/image-set.js";
import { requireMatchingImages } from "../data/match.js";
import { ConfigError } from "../errors.js";
import { autoencoderObjective } from "../losses/objective.js";
import { requireNumber } from "../options.js";
import type { TrainingReport } from "./report.js";
import { type Run, train } from "./train.js";
import type { TrainOptions } from "./train-options.js";

type Inputs = { pictures: tf.Tensor4D };

/** Those of `train` that are not about what is trained on what, and these. */
export interface FitOptions
  extends Omit<
    TrainOptions<ImageBatch, Inputs, "klWeight">,
    "batches" | "toTensors" | "settings" | "networks"
  > {
  /**
   * Weight of the KL divergence in nats a picture, 0 or more; `run.set({ klWeight })` changes it. Left out for a model with a
   * bottleneck of its own, which has its weights in it.
   */
  klWeight?: number;
  /** Pictures a step. */
  batchSize?: number;
  /** Adam's step size. */
  learningRate?: number;
}

/** How training stands after `step` of `steps` updates. The losses are those of this step's batch. */
export interface TrainingEvent extends TrainingReport {
  /** `reconstruction + klWeight * kl`, or with the penalties of the model's bottleneck; per picture. */
  loss: number;
  /** Sum of squared errors of a picture in [-1, 1]. */
  reconstruction: number;
  /** Nats a picture, whatever unit the bottleneck's penalty has; 0 for a bottleneck without `kl`. */
  kl: number;
}

/**
 * Trains an autoencoder with Adam (Kingma and Ba 2015, arXiv:1412.6980): `train` with one network and the squared error. For
 * other losses, an adversary, schedules or averages of the weights take `train` itself.
 *
 * @param images pictures of the model's size, in memory or a source such as `openImageFolder`
 * @returns the run: events to be read, and what `train`'s runs have besides
 * @throws ConfigError for an option out of range, or a klWeight beside a bottleneck that has its own, at once; DataError
 *   `ERR_SHAPE_MISMATCH` for pictures of another size; while events are read: what `train` throws
 */
export function fit(
  model: Codec,
  images: ImageSet | ImageSource,
  { klWeight, batchSize = 16, learningRate = 1e-3, ...options }: FitOptions,
): Run<"klWeight", TrainingEvent> {
  const { bottleneck } = model;
  requireWeight(bottleneck !== undefined, klWeight);
  requireNumber("learningRate", learningRate, 0, true);
  requireMatchingImages(model, images);
  const run = train({
    ...options,
    batches: imageBatches(images, { batchSize, ...(options.seed !== undefined && { seed: options.seed }) }),
    toTensors: (batch) => ({ pictures: toTensor(batch) }),
    settings: (klWeight === undefined ? {} : { klWeight }) as { klWeight: number },
    networks: {
      model: {
        parameters: model.parameters,
        learningRate,
        loss({ batch: { pictures }, settings, noise }) {
          const stages = bottleneck ?? [kl({ weight: settings.klWeight })];
          const objective = autoencoderObjective(model, pictures, { noise, bottleneck: stages });
          const { loss, reconstruction, posterior, penalties } = objective;
          return {
            loss,
            terms: { reconstruction, kl: penalties.kl ? klDivergence(posterior) : tf.scalar(0) },
          };
        },
      },
    },
  });
  return run as Run<"klWeight", TrainingEvent>;
}

/** Two weights of one term would be one too many, and none an oversight. */
function requireWeight(hasBottleneck: boolean, klWeight: number | undefined): void {
  if (hasBottleneck && klWeight !== undefined) {
    throw outOfRange(
      "This model has a bottleneck, whose stages have their own weights: leave klWeight out, and give it to kl({ weight }) in the bottleneck.",
    );
  }
  if (hasBottleneck) return;
  if (klWeight === undefined)
    throw outOfRange("klWeight is missing: 1e-6 is latent diffusion's, for example.");
  requireNumber("klWeight", klWeight, 0);
}

function outOfRange(message: string): ConfigError {
  return new ConfigError("ERR_OPTION_OUT_OF_RANGE", message);
}
