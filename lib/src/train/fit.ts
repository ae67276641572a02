import * as tf from "@tensorflow/tfjs-core";
import type { Codec } from "../autoencoder/codec.js";
import { latentShape } from "../autoencoder/codec.js";
import { imageBatches } from "../data/batches/image-batches.js";
import { type ImageSet, toTensor } from "../data/image-set.js";
import { requireMatchingImages } from "../data/match.js";
import { ConfigError } from "../errors.js";
import { autoencoderObjective } from "../losses/objective.js";
import { requireInteger, requireNumber } from "../options.js";
import { autoencoderLoss } from "./loss.js";
import { train } from "./train.js";

export interface FitOptions {
  /** Number of updates of the parameters. */
  steps: number;
  /**
   * Weight of the KL divergence, 0 or more; see `autoencoderLoss` for its unit. Left out for a model with a bottleneck
   * of its own, which has its weights in it.
   */
  klWeight?: number;
  /** Pictures a step. */
  batchSize?: number;
  /** Adam's step size. */
  learningRate?: number;
  /** Decides the order of the pictures and the noise. */
  seed?: number;
  /** Stops the training after the step that is running. */
  signal?: AbortSignal;
  /** Steps from event to event; each event costs one read-back from the engine. */
  reportEvery?: number;
  /** Steps between copies of the model and its optimiser to the host, to go back to should the loss be lost. */
  checkpointEvery?: number;
}

/** How training stands after `step` of `steps` updates. The losses are those of this step's batch. */
export interface TrainingEvent {
  step: number;
  steps: number;
  /** `reconstruction + klWeight * kl`, or with the penalties of the model's bottleneck; per picture. */
  loss: number;
  /** Sum of squared errors of a picture in [-1, 1]. */
  reconstruction: number;
  /** Nats a picture; 0 for a bottleneck without `kl`. */
  kl: number;
  /** Since the start of the training, pauses of the reader of the events included. */
  elapsedMs: number;
  /** Of the steps since the last event, without those pauses. */
  imagesPerSecond: number;
}

/**
 * Trains a variational autoencoder with Adam (Kingma and Ba 2015, arXiv:1412.6980), reporting as it goes: the simplest of
 * the trainings that `train` can do.
 *
 * Between two steps the event loop gets a turn, so that widgets and interrupts are served while this runs. The engine
 * in use does the work; when another one has come into use between two steps, the training goes on there.
 *
 * @param images pictures of the model's size
 * @yields an event after the first, every `reportEvery`-th and the last step
 * @throws the signal's reason once it is aborted; the model keeps what it has learnt
 * @throws TrainingError `ERR_LOSS_NOT_FINITE` with the step, the part of the model where it began and the last
 *   checkpoint, to which the model is put back
 * @throws ConfigError for an option out of range, or a klWeight beside a bottleneck that has its own; DataError `ERR_SHAPE_MISMATCH` for pictures of another size
 */
export async function* fit(
  model: Codec,
  images: ImageSet,
  options: FitOptions,
): AsyncGenerator<TrainingEvent, void, undefined> {
  const { steps, batchSize = 16, learningRate = 1e-3, seed = 0 } = options;
  const { signal, reportEvery = 5, checkpointEvery = 200 } = options;
  requireInteger("checkpointEvery", checkpointEvery, 1);
  const klWeight = requireWeight(model, options.klWeight);
  requireNumber("learningRate", learningRate, 0, true);
  requireMatchingImages(model, images);

  const run = train({
    steps,
    seed,
    reportEvery,
    checkpointEvery: { steps: checkpointEvery },
    ...(signal && { signal }),
    batches: imageBatches(images, { batchSize, seed }),
    toTensors: (batch) => ({ pictures: toTensor(batch) }),
    settings: { klWeight },
    networks: {
      model: {
        parameters: model.parameters,
        learningRate,
        loss({ batch: { pictures }, settings, noise }) {
          if (model.bottleneck) {
            const { loss, reconstruction, penalties } = autoencoderObjective(model, pictures, { noise });
            return { loss, terms: { reconstruction, kl: penalties.kl ?? tf.scalar(0) } };
          }
          const drawn = noise.normal<tf.Rank.R4>([batchSize, ...latentShape(model, pictures.shape)]);
          const { loss, ...terms } = autoencoderLoss(model, pictures, drawn, settings.klWeight);
          return { loss, terms };
        },
      },
    },
  });
  for await (const { step, loss, reconstruction, kl, elapsedMs, imagesPerSecond } of run) {
    yield { step, steps, elapsedMs, imagesPerSecond, ...({ loss, reconstruction, kl } as Losses) };
  }
}

/** Two weights of one term would be one too many, and none an oversight. */
function requireWeight({ bottleneck }: Codec, klWeight: number | undefined): number {
  if (bottleneck && klWeight !== undefined) {
    throw new ConfigError(
      "ERR_OPTION_OUT_OF_RANGE",
      "This model has a bottleneck, whose stages have their own weights: leave klWeight out, and give it to kl({ weight }) in the bottleneck.",
    );
  }
  if (bottleneck) return 0;
  if (klWeight === undefined) {
    throw new ConfigError(
      "ERR_OPTION_OUT_OF_RANGE",
      "klWeight is missing: 1e-6 is latent diffusion's, for example.",
    );
  }
  requireNumber("klWeight", klWeight, 0);
  return klWeight;
}

type Losses = Pick<TrainingEvent, "loss" | "reconstruction" | "kl">;
