import type * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, it } from "vitest";
import { createR3Gan } from "../../src/adversary/index.js";
import { imageBatches } from "../../src/data/index.js";
import { autoencoderObjective, cards, createAutoencoder, kl, toTensor } from "../../src/index.js";
import { type TrainingReport, train } from "../../src/train/index.js";
import { useEngine } from "../engines.js";
import { useTemporaryFolder } from "../pretrained/helpers.js";

const folder = useTemporaryFolder();
beforeAll(() => useEngine("torch"));

const images = cards({ count: 16, size: 16, seed: 1 });

/** An autoencoder against R3GAN; the weights of both penalties are settings of the training. */
async function trainTo(
  steps: number,
  onEvent: (event: TrainingReport) => Record<string, number> | undefined,
) {
  const model = createAutoencoder({ imageSize: 16, widths: [4, 4, 4], seed: 1 });
  const adversary = createR3Gan({ imageSize: 16, widths: [4, 4], seed: 1 });
  const events: TrainingReport[] = [];
  const run = train({
    ...{ steps, seed: 1, reportEvery: 1, folder: folder.path, resume: true },
    batches: imageBatches(images, { batchSize: 4, seed: 1 }),
    toTensors: (batch) => ({ pictures: toTensor(batch) }),
    settings: { klWeight: 0.1, gamma: 2 },
    networks: {
      autoencoder: {
        parameters: model.parameters,
        learningRate: 1e-3,
        loss({ batch: { pictures }, settings, noise }) {
          const bottleneck = [kl({ weight: settings.klWeight })];
          const { loss, reconstruction, penalties, reconstructions } = autoencoderObjective(model, pictures, {
            noise,
            bottleneck,
          });
          return { loss, terms: { reconstruction, ...penalties }, handOn: { made: reconstructions } };
        },
      },
      discriminator: {
        parameters: adversary.parameters,
        learningRate: 1e-3,
        loss({ batch: { pictures }, handedOn, settings: { gamma } }) {
          const made = handedOn.made as tf.Tensor4D;
          const { loss, penalties } = adversary.discriminatorLoss(pictures, made, { gamma });
          const { loss: unpenalised } = adversary.discriminatorLoss(pictures, made, { gamma: 0 });
          return { loss, terms: { ...penalties, unpenalised } };
        },
      },
    },
  });
  for await (const event of run) {
    events.push(event);
    const changes = onEvent(event);
    if (changes) run.set(changes);
  }
  model.dispose();
  adversary.dispose();
  return { events, journal: run.journal };
}

it("weights of penalties that are settings change from the next step on, are journalled, and come back when it goes on", async () => {
  const first = await trainTo(4, ({ step }) => (step === 2 ? { klWeight: 7, gamma: 0.5 } : undefined));
  const second = await trainTo(6, () => undefined);
  const events = [...first.events, ...second.events];
  expect(events.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(second.journal.map(({ step, what, to }) => [step, what, to])).toEqual([
    [2, "klWeight", 7],
    [2, "gamma", 0.5],
  ]);
  const of = (event: TrainingReport, name: string) => event[name] as number;
  for (const event of events) {
    const [klWeight, gamma] = event.step <= 2 ? [0.1, 2] : [7, 0.5];
    expect(event).toMatchObject({ klWeight, gamma });
    const wanted = of(event, "autoencoder.reconstruction") + klWeight * of(event, "autoencoder.kl");
    expect(of(event, "autoencoder.loss") / wanted).toBeCloseTo(1, 5);
    const penalty = (gamma / 2) * (of(event, "discriminator.r1") + of(event, "discriminator.r2"));
    const loss = of(event, "discriminator.unpenalised") + penalty;
    expect(of(event, "discriminator.loss") / loss).toBeCloseTo(1, 5);
  }
});
