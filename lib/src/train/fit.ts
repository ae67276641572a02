import { setImmediate as nextTurn } from "node:timers/promises";
import * as tf from "@tensorflow/tfjs-core";
import type { Codec } from "../autoencoder/codec.js";
import type { ImageSet } from "../data/image-set.js";
import { requireMatchingImages } from "../data/match.js";
import { TrainingError } from "../errors.js";
import { requireInteger, requireNumber } from "../options.js";
import { createRandom } from "../random.js";
import { createAutoencoderStep } from "./autoencoder-step.js";
import { createBatches } from "./batches.js";
import { createSafetyNet, type SafetyNet } from "./safety-net.js";

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
  /** Steps between copies of the model and its optimiser to the host, to go back to should the loss be lost. */
  checkpointEvery?: number;
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
 * Between two steps the event loop gets a turn, so that widgets and interrupts are served while this runs. The engine
 * in use does the work; when another one has come into use between two steps, the training goes on there.
 *
 * @param images pictures of the model's size
 * @yields an event after the first, every `reportEvery`-th and the last step
 * @throws the signal's reason once it is aborted; the model keeps what it has learnt
 * @throws TrainingError `ERR_LOSS_NOT_FINITE` with the step, the part of the model where it began and the last
 *   checkpoint, to which the model is put back
 * @throws ConfigError for an option out of range, DataError `ERR_SHAPE_MISMATCH` for pictures of another size
 */
export async function* fit(
  model: Codec,
  images: ImageSet,
  options: FitOptions,
): AsyncGenerator<TrainingEvent, void, undefined> {
  const { steps, klWeight, batchSize = 16, learningRate = 1e-3, seed = 0, signal } = options;
  const { reportEvery = 5, checkpointEvery = 200 } = options;
  requireInteger("steps", steps, 1);
  requireInteger("batchSize", batchSize, 1);
  requireInteger("reportEvery", reportEvery, 1);
  requireInteger("checkpointEvery", checkpointEvery, 1);
  requireNumber("klWeight", klWeight, 0);
  requireNumber("learningRate", learningRate, 0, true);
  requireMatchingImages(model, images);

  const nextBatch = createBatches(createRandom(seed), images.count, batchSize);
  const oneStep = createAutoencoderStep(model, images, { batchSize, klWeight, learningRate, seed });
  const safetyNet = createSafetyNet(model.parameters, oneStep, signal);
  /** Losses still on the engine, a tensor for each of the last steps: reading one would wait for the engine. */
  const unread: tf.Tensor[] = [];
  const startedAtMs = performance.now();
  let busyMs = 0;
  let stepsSinceEvent = 0;

  try {
    await safetyNet.save(0);
    for (let step = 1; step <= steps; step++) {
      signal?.throwIfAborted();
      const stepStartedAtMs = performance.now();
      const reports = step === 1 || step === steps || step % reportEvery === 0;
      const saves = step % checkpointEvery === 0;
      const batch = nextBatch();
      safetyNet.remember(batch);
      unread.push(oneStep.run(batch));
      const losses = reports || saves ? await readAndDispose(unread) : [];
      const lost = losses.findIndex(([loss]) => !Number.isFinite(loss));
      if (lost >= 0) throw await lossNotFinite(safetyNet, step - losses.length + 1 + lost, options);
      if (saves) await safetyNet.save(step);
      busyMs += performance.now() - stepStartedAtMs;
      stepsSinceEvent += 1;
      // Not a microtask: messages and timers are served only when the event loop itself gets a turn.
      await nextTurn();
      if (!reports) continue;

      const [loss, reconstruction, kl] = losses.at(-1) as Losses;
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
    tf.dispose(unread);
    oneStep.dispose();
  }
}

type Losses = [loss: number, reconstruction: number, kl: number];

/** One row a tensor, in one read; empties the list. */
async function readAndDispose(tensors: tf.Tensor[]): Promise<Losses[]> {
  const joined = tf.stack(tensors) as tf.Tensor2D;
  try {
    return (await joined.array()) as Losses[];
  } finally {
    tf.dispose([joined, ...tensors.splice(0)]);
  }
}

async function lossNotFinite(
  safetyNet: SafetyNet,
  step: number,
  { learningRate = 1e-3, klWeight }: FitOptions,
): Promise<TrainingError> {
  const { parameterGroup, checkpoint } = await safetyNet.goBack(step);
  const where = parameterGroup ? `, beginning in ${parameterGroup}` : "";
  const back = checkpoint
    ? `The model is back where it was after step ${checkpoint.step}.`
    : "Its parameters were not finite at the start; make a new model.";
  const remedy = `Train it with a lower learningRate (it was ${learningRate})${klWeight > 1 ? ` or a lower klWeight (it was ${klWeight})` : ""}.`;
  return new TrainingError(
    "ERR_LOSS_NOT_FINITE",
    `The loss was no longer a finite number at step ${step}${where}. ${back} ${remedy}`,
    { step, parameterGroup, checkpoint },
  );
}
