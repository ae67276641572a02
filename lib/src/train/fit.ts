import { setImmediate as nextTurn } from "node:timers/promises";
import * as tf from "@tensorflow/tfjs-core";
import type { Autoencoder } from "../autoencoder/autoencoder.js";
import { type ImageSet, toTensor } from "../data/image-set.js";
import { requireMatchingImages } from "../data/match.js";
import { TrainingError } from "../errors.js";
import { requireInteger, requireNumber } from "../options.js";
import { createRandom } from "../random.js";
import { type Adam, createAdam } from "./adam.js";
import { createBatches } from "./batches.js";
import { autoencoderLoss } from "./loss.js";

export interface FitOptions {
  /** Number of updates of the parameters. */
  steps: number;
  /** Weight of the KL divergence, 0 or more; see `autoencoderLoss` for its unit. */
  klWeight: number;
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
}

/** How training stands after `step` of `steps` updates. The losses are those of this step's batch. */
export interface TrainingEvent {
  step: number;
  steps: number;
  /** `reconstruction + klWeight * kl`, per picture. */
  loss: number;
  /** Sum of squared errors of a picture in [-1, 1]. */
  reconstruction: number;
  /** Nats a picture. */
  kl: number;
  /** Since the start of the training, pauses of the reader of the events included. */
  elapsedMs: number;
  /** Of the steps since the last event, without those pauses. */
  imagesPerSecond: number;
}

/**
 * Trains an autoencoder with Adam (Kingma and Ba 2015, arXiv:1412.6980), reporting as it goes.
 *
 * Between two steps the event loop gets a turn, so that widgets and interrupts are served while this runs. The
 * engine in use when the first event is asked for does the work.
 *
 * @param images pictures of the model's size
 * @yields an event after the first, every `reportEvery`-th and the last step
 * @throws the signal's reason once it is aborted; the model keeps what it has learnt
 * @throws TrainingError `ERR_LOSS_NOT_FINITE`; the model is of no use then, make a new one
 * @throws ConfigError for an option out of range, DataError `ERR_SHAPE_MISMATCH` for pictures of another size
 */
export async function* fit(
  model: Autoencoder,
  images: ImageSet,
  options: FitOptions,
): AsyncGenerator<TrainingEvent, void, undefined> {
  const { steps, klWeight, batchSize = 16, learningRate = 1e-3, seed = 0, signal, reportEvery = 5 } = options;
  requireInteger("steps", steps, 1);
  requireInteger("batchSize", batchSize, 1);
  requireInteger("reportEvery", reportEvery, 1);
  requireNumber("klWeight", klWeight, 0);
  requireNumber("learningRate", learningRate, 0, true);
  requireMatchingImages(model, images);

  const random = createRandom(seed);
  const nextBatch = createBatches(random, images.count, batchSize);
  const { imageSize, downsampling, latentChannels } = model.config;
  const latentSize = imageSize / downsampling;
  const noiseShape: [number, number, number, number] = [batchSize, latentSize, latentSize, latentChannels];
  const noise = new Float32Array(batchSize * latentSize * latentSize * latentChannels);
  const optimizer = createAdam(Object.values(model.parameters), learningRate);
  const startedAtMs = performance.now();
  let busyMs = 0;
  let stepsSinceEvent = 0;

  try {
    for (let step = 1; step <= steps; step++) {
      signal?.throwIfAborted();
      const stepStartedAtMs = performance.now();
      const reports = step === 1 || step === steps || step % reportEvery === 0;
      const batch = nextBatch();
      random.fillNormal(noise);
      const losses = tf.tidy(() => {
        const pictures = toTensor(images, batch);
        return applyStep(model, optimizer, pictures, tf.tensor4d(noise, noiseShape), klWeight);
      });
      const values = reports ? await losses.data() : undefined;
      losses.dispose();
      busyMs += performance.now() - stepStartedAtMs;
      stepsSinceEvent += 1;
      // Not a microtask: messages and timers are served only when the event loop itself gets a turn.
      await nextTurn();
      if (!values) continue;

      const [loss = Number.NaN, reconstruction = Number.NaN, kl = Number.NaN] = values;
      if (!Number.isFinite(loss)) throw notFinite(step, learningRate, klWeight);
      yield {
        step,
        steps,
        loss,
        reconstruction,
        kl,
        elapsedMs: performance.now() - startedAtMs,
        imagesPerSecond: (1000 * stepsSinceEvent * batchSize) / busyMs,
      };
      busyMs = 0;
      stepsSinceEvent = 0;
    }
  } finally {
    optimizer.dispose();
  }
}

/** One update of the parameters; returns `[loss, reconstruction, kl]` from before it, to be disposed by the caller. */
function applyStep(
  model: Autoencoder,
  optimizer: Adam,
  pictures: tf.Tensor4D,
  noise: tf.Tensor4D,
  klWeight: number,
): tf.Tensor {
  let losses: tf.Tensor | undefined;
  const { grads } = tf.variableGrads(() => {
    const { loss, reconstruction, kl } = autoencoderLoss(model, pictures, noise, klWeight);
    losses = tf.keep(tf.stack([loss, reconstruction, kl]));
    return loss;
  }, Object.values(model.parameters));
  optimizer.update(grads);
  return losses as unknown as tf.Tensor;
}

function notFinite(step: number, learningRate: number, klWeight: number): TrainingError {
  return new TrainingError(
    "ERR_LOSS_NOT_FINITE",
    `The loss was no longer a finite number at step ${step}. Make a new model and train it with a lower learningRate ` +
      `(it was ${learningRate})${klWeight > 1 ? ` or a lower klWeight (it was ${klWeight})` : ""}.`,
    step,
  );
}
