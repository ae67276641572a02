import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { adaptiveWeight, createPatchGan, createR3Gan, delayedStart } from "../../src/adversary/index.js";
import { imageBatches } from "../../src/data/index.js";
import {
  consistencyLoss,
  consistencyTargets,
  consistencyTimes,
  createTransformer,
  flowLoss,
  logitNormalTimes,
  rectifiedFlow,
} from "../../src/diffusion/index.js";
import {
  type Autoencoder,
  cards,
  createAutoencoder,
  engine,
  klDivergence,
  squaredError,
  toTensor,
} from "../../src/index.js";
import {
  indexBatches,
  type Network,
  noDecayForVectors,
  type TrainingReport,
  train,
  warmUpCosine,
} from "../../src/train/index.js";
import { describeOnEveryEngine } from "../engines.js";
import { normal } from "../gradient-check.js";

const images = cards({ count: 32, size: 32, seed: 1 });
const batches = imageBatches(images, { batchSize: 4, seed: 1 });
const toTensors = (batch: typeof images) => ({ pictures: toTensor(batch) });
type Pictures = ReturnType<typeof toTensors>;
const makeModel = () => createAutoencoder({ widths: [4, 8, 8], seed: 1 });

async function collect(run: AsyncIterable<TrainingReport>): Promise<TrainingReport[]> {
  const events: TrainingReport[] = [];
  for await (const event of run) events.push(event);
  return events;
}

const hasFiniteNumbers = (event: TrainingReport) => Object.values(event).every(Number.isFinite);

/** The autoencoder's side of an adversarial training. */
function autoencoderAgainst(
  model: Autoencoder,
  generatorLoss: (real: tf.Tensor4D, fake: tf.Tensor4D) => tf.Scalar,
): Network<Pictures, "klWeight" | "adversary"> {
  return {
    parameters: model.parameters,
    learningRate: 1e-3,
    loss({ batch: { pictures }, settings, noise }) {
      const posterior = model.encode(pictures);
      const spread = tf.mul(tf.exp(tf.mul(posterior.logvar, 0.5)), noise.normal(posterior.mean.shape));
      const made = model.decode(tf.add(posterior.mean, spread) as tf.Tensor4D);
      const reconstruction = squaredError(pictures, made);
      const kl = klDivergence(posterior);
      const adversarial = generatorLoss(pictures, made);
      const lastLayer = model.parameters["decoder.conv_out.weight"] as tf.Variable;
      const weight = adaptiveWeight(reconstruction, adversarial, lastLayer);
      return {
        loss: tf.addN([
          reconstruction,
          tf.mul(kl, settings.klWeight),
          tf.mul(tf.mul(weight, settings.adversary), adversarial),
        ]) as tf.Scalar,
        terms: { reconstruction, kl, adversarial, weight },
        handOn: { made },
      };
    },
  };
}

describeOnEveryEngine("one loop for all:", () => {
  it.each(["PatchGAN", "R3GAN"])("an autoencoder against an adversary, %s", async (kind) => {
    const before = tf.memory().numTensors;
    const model = makeModel();
    const adversary =
      kind === "PatchGAN"
        ? createPatchGan({ width: 4, layers: 2 })
        : createR3Gan({ imageSize: 32, widths: [4, 4] });
    const run = train({
      steps: 4,
      reportEvery: 1,
      batches,
      toTensors,
      settings: { klWeight: 1e-6, adversary: (step: number) => 0.5 * delayedStart(step, 2) },
      networks: {
        autoencoder: autoencoderAgainst(model, adversary.generatorLoss),
        discriminator: {
          parameters: adversary.parameters,
          learningRate: 1e-3,
          turn: (step) => delayedStart(step, 2) === 1,
          loss({ batch: { pictures }, handedOn }) {
            const { loss, realLogits, fakeLogits } = adversary.discriminatorLoss(
              pictures,
              handedOn.made as tf.Tensor4D,
            );
            return { loss, terms: { realLogits, fakeLogits } };
          },
        },
      },
    });
    const weightsOf = () => Object.values(adversary.parameters).map((variable) => [...variable.dataSync()]);
    const untrained = weightsOf();
    const events: TrainingReport[] = [];
    for await (const event of run) {
      events.push(event);
      // Neither side's adversary is there before the start.
      if (event.step <= 2) expect(weightsOf()).toEqual(untrained);
      else expect(weightsOf()).not.toEqual(untrained);
    }
    expect(events.map(({ adversary }) => adversary)).toEqual([0, 0, 0.5, 0.5]);
    expect(events.every(hasFiniteNumbers)).toBe(true);
    expect(events[3]?.["autoencoder.weight"]).toBeGreaterThan(0);
    expect(events.map((event) => "discriminator.loss" in event)).toEqual([false, false, true, true]);
    expect(events[3]?.["discriminator.realLogits"]).not.toBe(events[2]?.["discriminator.realLogits"]);
    adversary.dispose();
    model.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it("a flow on latents, and its distillation into one step with an average as the judge", async () => {
    const before = tf.memory().numTensors;
    const shape = [4, 4, 2] as const;
    const make = () => createTransformer({ shape, width: 16, depth: 1, heads: 2, seed: 1 });
    const [teacher, student, average] = [make(), make(), make()];
    const latents = tf.tidy(() => tf.tanh(normal([32, ...shape], 1))) as tf.Tensor4D;
    const common = {
      batches: indexBatches(32, { batchSize: 8, seed: 2 }),
      toTensors: (indices: Uint32Array) => ({
        clean: tf.tidy(() => tf.gather(latents, tf.tensor1d([...indices], "int32"))),
      }),
    };
    const events = await collect(
      train({
        ...common,
        steps: 60,
        reportEvery: 1,
        networks: {
          flow: {
            parameters: teacher.parameters,
            learningRate: 3e-3,
            weightDecay: 0.01,
            groups: [noDecayForVectors],
            schedule: warmUpCosine({ warmUp: 5, steps: 60 }),
            clipNorm: 1,
            averages: { ema: { relativeStd: 0.1 } },
            loss({ batch: { clean }, noise }) {
              const drawn = {
                clean,
                noise: noise.normal<tf.Rank.R4>(clean.shape),
                times: logitNormalTimes(noise.normal<tf.Rank.R1>([clean.shape[0]])),
              };
              return { loss: flowLoss(teacher.network, drawn, undefined) };
            },
          },
        },
      }),
    );
    const mean = (from: number, to: number) =>
      events.slice(from, to).reduce((sum, { loss }) => sum + (loss as number), 0) / (to - from);
    expect(mean(50, 60)).toBeLessThan(0.9 * mean(0, 10));

    const distilled = await collect(
      train({
        ...common,
        steps: 5,
        reportEvery: 1,
        networks: {
          student: {
            parameters: student.parameters,
            learningRate: 1e-3,
            averages: { target: { decay: 0.95, into: average.parameters } },
            loss({ batch: { clean }, noise }) {
              const drawn = {
                clean,
                noise: noise.normal<tf.Rank.R4>(clean.shape),
                ...consistencyTimes(noise.uniform<tf.Rank.R1>([clean.shape[0]]), 18),
              };
              const [known, judge] = [
                rectifiedFlow(teacher.network),
                rectifiedFlow(average.network),
              ] as const;
              const targets = consistencyTargets(known, judge, drawn, undefined);
              const learner = rectifiedFlow(student.network);
              return { loss: consistencyLoss(learner, drawn, engine.stopGradient(targets), undefined) };
            },
          },
        },
      }),
    );
    expect(distilled.every(hasFiniteNumbers)).toBe(true);
    const [of, to] = [student, average].map(({ parameters }) =>
      Array.from((parameters["proj_out.weight"] as tf.Variable).dataSync()),
    );
    expect(to).not.toEqual(of);
    expect(to?.some((value) => value !== 0)).toBe(true);
    for (const { dispose } of [teacher, student, average]) dispose();
    latents.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
