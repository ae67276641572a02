import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, it } from "vitest";
import { createPatchDiscriminator, gradientPenalty } from "../../src/adversary/index.js";
import {
  adversarialDiscriminatorLoss,
  adversarialStudentLoss,
  createDiffusionDecoder,
  type DiffusionDecoder,
  type Discriminator,
  flowLoss,
  heun,
  logitNormalTimes,
  uniformSchedule,
} from "../../src/diffusion/index.js";
import { createNoise, engine, type Noise } from "../../src/index.js";
import { batchesAt, type TrainingReport, train, warmUpCosine } from "../../src/train/index.js";
import { useEngine } from "../engines.js";
import { momentsOf } from "./closed-form.js";

const [batch, size, contrast] = [24, 8, 0.6];
const enlarge = (latents: tf.Tensor4D) => tf.image.resizeNearestNeighbor(latents, [size, size]);

/** Every picture is its latents, all of it brighter or all of it darker by `contrast`: a fair coin that nobody is told. */
function draw(noise: Noise, count: number) {
  const latents = tf.mul(noise.normal<tf.Rank.R4>([count, 4, 4, 1]), 0.2) as tf.Tensor4D;
  const coin = tf.sub(tf.mul(tf.cast(tf.less(noise.uniform([count, 1, 1, 1]), 0.5), "float32"), 2), 1);
  const clean = tf.add(enlarge(latents), tf.mul(coin, contrast)) as tf.Tensor4D;
  return { latents, clean, noise: noise.normal<tf.Rank.R4>([count, size, size, 1]) };
}

beforeAll(() => useEngine("torch"));

it("a diffusion decoder against a discriminator that learns draws in one step what its flow draws in many", async () => {
  const create = () =>
    createDiffusionDecoder({
      ...{ imageChannels: 1, latentChannels: 1, downsampling: 2 },
      unet: { widths: [16, 16], seed: 1 },
    });
  const [student, teacher] = [create(), create()];
  const options = { imageChannels: 2, width: 16, layers: 1, norm: "none", seed: 2 } as const;
  const discriminator = createPatchDiscriminator(options);
  /** It sees a picture and what its latents say of it. */
  const judge: Discriminator<tf.Tensor4D> = (pictures, latents) =>
    discriminator.judge(tf.concat([pictures, enlarge(latents)], 3));

  /** How far whole pictures are from their latents, how many are brighter, and what is left within a picture. */
  const look = ({ decode }: DiffusionDecoder, times: number[]) =>
    tf.tidy(() => {
      const source = createNoise(9);
      const { latents, noise } = draw(source, 400);
      source.dispose();
      const left = tf.sub(decode(latents, noise, times, heun), enlarge(latents));
      const offsets = tf.mean(left, [1, 2, 3], true);
      const { mean: distance, std } = momentsOf(tf.abs(offsets).dataSync());
      const within = momentsOf(tf.sub(left, offsets).dataSync()).std;
      const brighter = Array.from(offsets.dataSync()).filter((offset) => offset > 0).length / 400;
      return { distance, std, within, brighter };
    });

  const common = { batches: batchesAt(() => undefined), toTensors: () => ({}), reportEvery: 100 };
  const flow = train({
    ...common,
    steps: 300,
    seed: 1,
    networks: {
      decoder: {
        parameters: teacher.parameters,
        learningRate: 4e-3,
        schedule: warmUpCosine({ warmUp: 10, steps: 300 }),
        loss({ noise }) {
          const { latents, ...drawn } = draw(noise, batch);
          const times = logitNormalTimes(noise.normal<tf.Rank.R1>([batch]));
          return { loss: flowLoss(teacher.network, { ...drawn, times }, latents) };
        },
      },
    },
  });
  for await (const _ of flow);
  for (const [name, variable] of Object.entries(student.parameters))
    variable.assign(teacher.parameters[name] as tf.Variable);

  // Against an adversary the student goes to and fro, the less so the smaller its steps.
  const settle = warmUpCosine({ warmUp: 10, steps: 300 });
  const distillation = train({
    ...common,
    steps: 300,
    seed: 2,
    networks: {
      student: {
        parameters: student.parameters,
        learningRate: 1e-3,
        schedule: settle,
        beta1: 0.5,
        loss({ noise }) {
          const { latents, ...drawn } = draw(noise, batch);
          const targets = engine.stopGradient(teacher.decode(latents, drawn.noise, uniformSchedule(4), heun));
          const noisiest = { ...drawn, times: tf.ones([batch]) as tf.Tensor1D };
          const { denoiser } = student;
          const { loss, adversarial, distillation, made } = adversarialStudentLoss(
            denoiser,
            judge,
            noisiest,
            targets,
            latents,
            { weight: 1 },
          );
          const handOn = { made, latents, clean: drawn.clean };
          return { loss, terms: { adversarial, distillation }, handOn };
        },
      },
      discriminator: {
        parameters: discriminator.parameters,
        learningRate: 1e-3,
        schedule: settle,
        beta1: 0.5,
        loss({ handedOn }) {
          const { made, latents, clean } = handedOn as Record<"made" | "latents" | "clean", tf.Tensor4D>;
          const { penalty } = gradientPenalty((pictures) => judge(pictures, latents), clean);
          const loss = adversarialDiscriminatorLoss(judge, clean, made, latents);
          return { loss: tf.add(loss, tf.mul(penalty, 0.1)) as tf.Scalar };
        },
      },
    },
  });
  let last: TrainingReport | undefined;
  for await (const event of distillation) last = event;

  // From pure noise one step of a flow is near the mean of what is possible: neither bright nor dark.
  const [before, many, after] = [
    look(teacher, [1, 0]),
    look(teacher, uniformSchedule(12)),
    look(student, [1, 0]),
  ];
  expect(before.distance).toBeLessThan(0.45);
  for (const { distance, std, within, brighter } of [many, after]) {
    expect(Math.abs(distance - contrast)).toBeLessThan(0.08);
    expect(std).toBeLessThan(0.85 * before.std);
    expect(within).toBeLessThan(0.15);
    expect(Math.abs(brighter - 0.5)).toBeLessThan(0.2);
  }
  // The discriminator has learned something, and the student has kept up with it.
  expect(last?.["discriminator.loss"]).toBeLessThan(1.5);
  expect(Math.abs(last?.["student.adversarial"] as number)).toBeGreaterThan(1e-3);
  for (const { dispose } of [student, teacher, discriminator]) dispose();
}, 240_000);

it("a patch discriminator's judge is a discriminator as it is", () => {
  const discriminator = createPatchDiscriminator({ imageChannels: 1, width: 4, layers: 1 });
  const pictures = tf.zeros([2, 8, 8, 1]) as tf.Tensor4D;
  const judge: Discriminator = discriminator.judge;
  const loss = adversarialDiscriminatorLoss(judge, pictures, pictures, undefined);
  expect(loss.dataSync()[0]).toBeGreaterThan(0);
  tf.dispose([pictures, loss]);
  discriminator.dispose();
});
