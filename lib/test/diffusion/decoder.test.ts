import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import {
  adversarialDiscriminatorLoss,
  adversarialStudentLoss,
  consistencyLoss,
  consistencySampler,
  consistencyTargets,
  consistencyTimes,
  cosinePath,
  createDiffusionDecoder,
  createTransformer,
  type Denoiser,
  type Discriminator,
  euler,
  flowLoss,
  flowPath,
  generate,
  heun,
  logitNormalTimes,
  type NetworkFunction,
  rectifiedFlow,
  uniformSchedule,
} from "../../src/diffusion/index.js";
import { createNoise, type Noise, type Parameters } from "../../src/index.js";
import { describeOnEveryEngine, useEngine } from "../engines.js";
import { expectGradientsToMatch, normal } from "../gradient-check.js";
import { gaussianDenoiser, largestDifference, momentsOf } from "./closed-form.js";
import { train } from "./train.js";

const data = { mean: 0.5, variance: 0.64 };
const shape = [64, 1, 1, 1] as const;

/** Goes to the clean end of the flow at once: what distillation should find. */
const exactStudent: Denoiser<unknown> = {
  path: flowPath,
  denoise: (noisy, times) =>
    tf.tidy(() => {
      const { signal, noise } = flowPath.mixture(tf.reshape(times, [-1, 1, 1, 1]));
      const std = tf.sqrt(tf.add(tf.mul(tf.square(signal), data.variance), tf.square(noise)));
      const score = tf.div(tf.sub(noisy, tf.mul(signal, data.mean)), std);
      return tf.add(tf.mul(score, Math.sqrt(data.variance)), data.mean) as tf.Tensor4D;
    }),
};

function drawBatch(noise: Noise, steps: number) {
  const clean = tf.add(
    tf.mul(noise.normal(shape as never), Math.sqrt(data.variance)),
    data.mean,
  ) as tf.Tensor4D;
  const times = consistencyTimes(noise.uniform<tf.Rank.R1>([shape[0]]), steps);
  return { clean, noise: noise.normal(shape as never) as tf.Tensor4D, ...times };
}

/** A network with few numbers, to move by hand. */
const formula =
  (gain: tf.Tensor, offset: tf.Tensor): NetworkFunction =>
  (input, level) =>
    tf.mul(tf.tanh(tf.add(tf.mul(input, gain), tf.reshape(level, [-1, 1, 1, 1]))), offset) as tf.Tensor4D;

describeOnEveryEngine("distillation's losses", () => {
  const batch = () => ({
    clean: normal([3, 2, 1, 2], 1) as tf.Tensor4D,
    noise: normal([3, 2, 1, 2], 2) as tf.Tensor4D,
    times: tf.tensor1d([0.3, 0.6, 1]),
  });

  it("have the gradients of their differences", () => {
    const targets = normal([3, 2, 1, 2], 3) as tf.Tensor4D;
    const inputs = [normal([2, 1, 2], 4), normal([2], 5)];
    const discriminator: Discriminator = (pictures) => tf.sin(tf.mul(pictures, 2));
    const student = (values: tf.Tensor[]) => rectifiedFlow(formula(...(values as [tf.Tensor, tf.Tensor])));
    expectGradientsToMatch(
      (...values) => consistencyLoss(student(values), batch(), targets, undefined),
      inputs,
    );
    expectGradientsToMatch(
      (...values) => adversarialStudentLoss(student(values), discriminator, batch(), targets, undefined).loss,
      inputs,
    );
    expectGradientsToMatch(
      (weight) => {
        const judge: Discriminator = (pictures) => tf.sum(tf.mul(pictures, weight), 3);
        return adversarialDiscriminatorLoss(judge, batch().clean, targets, undefined);
      },
      [normal([2], 6, 0.2)],
      { step: 1e-3 },
    );
  });

  it("the pairs of times are neighbours, from the first to the last", () => {
    const { times, nextTimes } = consistencyTimes(tf.tensor1d([0, 0.3, 0.999999, 1]), 4);
    expect(Array.from(times.dataSync())).toEqual([0.25, 0.5, 1, 1]);
    expect(Array.from(nextTimes.dataSync())).toEqual([0, 0.25, 0.75, 0.75]);
    const shifted = consistencyTimes(tf.tensor1d([0, 0.9]), 2, { shift: 3 });
    expect(Array.from(shifted.times.dataSync())).toEqual([0.75, 1]);
    expect(Array.from(shifted.nextTimes.dataSync())).toEqual([0, 0.75]);
    expect(() => consistencyTimes(tf.tensor1d([0]), 0)).toThrow(/steps/);
  });

  it("the exact one-step student satisfies itself, up to the teacher's error of second order", () => {
    const teacher = gaussianDenoiser(flowPath, data);
    const deviation = (steps: number) => {
      const noise = createNoise(1);
      const drawn = drawBatch(noise, steps);
      // Inner times, where the error's order is not that of an end.
      drawn.times = tf.fill([shape[0]], 0.5);
      drawn.nextTimes = tf.fill([shape[0]], 0.5 - 1 / steps);
      const targets = consistencyTargets(teacher, exactStudent, drawn, undefined);
      const noisy = tf.add(tf.mul(drawn.clean, 0.5), tf.mul(drawn.noise, 0.5)) as tf.Tensor4D;
      noise.dispose();
      return largestDifference(exactStudent.denoise(noisy, drawn.times, undefined), targets);
    };
    const [coarse, fine] = [deviation(10), deviation(20)];
    expect(Math.log2(coarse / fine)).toBeGreaterThan(1.7);
    expect(fine).toBeLessThan(0.02);
  });

  it("a student pulled by a known discriminator and by targets ends where the closed form says", () => {
    const [wanted, target, weight] = [3, 1, 0.5];
    const parameters: Parameters = { offset: tf.variable(tf.scalar(0)) };
    const student: Denoiser = {
      path: flowPath,
      denoise: (noisy) => tf.add(tf.mul(noisy, 0), parameters.offset as tf.Tensor) as tf.Tensor4D,
    };
    const discriminator: Discriminator = (pictures) => tf.neg(tf.square(tf.sub(pictures, wanted)));
    train(parameters, { steps: 400, learningRate: 0.1 }, () => () => {
      const { loss } = adversarialStudentLoss(
        student,
        discriminator,
        batch(),
        tf.fill([3, 2, 1, 2], target),
        undefined,
        { weight },
      );
      return loss;
    });
    expect(parameters.offset?.dataSync()[0]).toBeCloseTo((wanted + weight * target) / (1 + weight), 3);
    tf.dispose(parameters);
  });

  it("a discriminator that parts real from made by a margin of 1 has no loss", () => {
    const [real, made] = [tf.fill([2, 1, 1, 1], 1.5), tf.fill([2, 1, 1, 1], -1)] as [
      tf.Tensor4D,
      tf.Tensor4D,
    ];
    const lossOf = (judge: Discriminator) =>
      adversarialDiscriminatorLoss(judge, real, made, undefined).dataSync()[0];
    expect(lossOf((pictures) => pictures)).toBe(0);
    expect(lossOf((pictures) => tf.zerosLike(pictures))).toBe(1);
    expect(lossOf((pictures) => tf.neg(pictures))).toBe((2.5 + 2) / 2);
  });

  it("leave nothing but their values", () => {
    const drawn = { ...batch(), nextTimes: tf.tensor1d([0.2, 0.5, 0.9]) };
    const inputs = [tf.scalar(0.5), tf.scalar(2)] as const;
    const student = rectifiedFlow(formula(...inputs));
    const judge: Discriminator = (pictures) => tf.sin(pictures);
    const before = tf.memory().numTensors;
    const targets = consistencyTargets(student, student, drawn, undefined);
    tf.dispose([
      consistencyLoss(student, drawn, targets, undefined),
      adversarialStudentLoss(student, judge, drawn, targets, undefined),
      adversarialDiscriminatorLoss(judge, drawn.clean, targets, undefined),
      targets,
    ] as unknown as tf.TensorContainer);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe("distillation on torch", () => {
  beforeAll(() => useEngine("torch"));

  it("by consistency makes one step of what takes the teacher many", async () => {
    const teacher = gaussianDenoiser(flowPath, data);
    const create = () => createTransformer({ shape: [1, 1, 1], width: 32, heads: 1, depth: 1, seed: 1 });
    const [student, average] = [create(), create()];
    const denoisers = [student, average].map(({ network }) => rectifiedFlow(network)) as [Denoiser, Denoiser];
    const follow = () => {
      for (const [name, variable] of Object.entries(average.parameters)) {
        const current = student.parameters[name] as tf.Variable;
        tf.tidy(() => variable.assign(tf.add(tf.mul(variable, 0.9), tf.mul(current, 0.1))));
      }
    };
    const learn = (noise: Noise) => {
      const drawn = drawBatch(noise, 18);
      const targets = consistencyTargets(teacher as Denoiser, denoisers[1], drawn, undefined);
      return () => consistencyLoss(denoisers[0], drawn, targets, undefined);
    };
    expect(train(student.parameters, { steps: 900, learningRate: 3e-3 }, learn, follow)).toBe(0);

    const noise = createNoise(5);
    const sampleWith = async (denoiser: Denoiser<undefined>, times: number[], sampler = euler) => {
      const options = { count: 2000, batchSize: 2000, shape: [1, 1, 1] as const, condition: () => undefined };
      return momentsOf((await generate(denoiser, { ...options, times, sampler })).data);
    };
    const [inOne] = [await sampleWith(denoisers[0], [1, 0])];
    const inTwo = await sampleWith(denoisers[0], [1, 0.5, 0], consistencySampler(noise));
    for (const { mean, std } of [inOne, inTwo]) {
      expect(Math.abs(mean - data.mean)).toBeLessThan(0.1);
      expect(Math.abs(std - Math.sqrt(data.variance))).toBeLessThan(0.1);
    }
    // The teacher's best guess from pure noise is the mean, whatever the noise.
    expect((await sampleWith(teacher as Denoiser, [1, 0])).std).toBeLessThan(0.01);
    noise.dispose();
    student.dispose();
    average.dispose();
  }, 60_000);

  it("the consistency sampler, given the exact student, keeps the distribution in any number of steps", async () => {
    const noise = createNoise(5);
    for (const steps of [1, 2, 5]) {
      const { data: samples } = await generate(exactStudent, {
        count: 4000,
        batchSize: 4000,
        shape: [1, 1, 1],
        times: uniformSchedule(steps),
        sampler: consistencySampler(noise),
        condition: () => undefined,
      });
      const { mean, std } = momentsOf(samples);
      expect(Math.abs(mean - data.mean)).toBeLessThan(0.05);
      expect(Math.abs(std - 0.8)).toBeLessThan(0.05);
    }
    noise.dispose();
  });
});

describe("the diffusion decoder", () => {
  beforeAll(() => useEngine("torch"));
  const config = { imageChannels: 1, latentChannels: 1, downsampling: 2 };

  it("decodes what the latents say, and draws what they leave open", () => {
    const decoder = createDiffusionDecoder({ ...config, unet: { widths: [16, 16], seed: 1 } });
    const [batch, size, contrast] = [32, 4, 0.5];
    const enlarge = (latents: tf.Tensor4D) => tf.image.resizeNearestNeighbor(latents, [size, size]);
    // Every picture is its latents, all of it brighter or all of it darker by `contrast`: a fair coin that nobody is told.
    const draw = (noise: Noise) => {
      const latents = noise.normal<tf.Rank.R4>([batch, 2, 2, 1]);
      const coin = tf.sub(tf.mul(tf.cast(tf.less(noise.uniform([batch, 1, 1, 1]), 0.5), "float32"), 2), 1);
      return { latents, pictures: tf.add(enlarge(latents), tf.mul(coin, contrast)) as tf.Tensor4D };
    };
    const leaked = train(decoder.parameters, { steps: 500, learningRate: 4e-3 }, (noise) => {
      const { latents, pictures } = draw(noise);
      const times = logitNormalTimes(noise.normal<tf.Rank.R1>([batch]));
      const drawn = { clean: pictures, noise: noise.normal<tf.Rank.R4>([batch, size, size, 1]), times };
      return () => flowLoss(decoder.network, drawn, latents);
    });
    expect(leaked).toBe(0);
    tf.tidy(() => {
      const noise = createNoise(9);
      const latents = noise.normal<tf.Rank.R4>([200, 2, 2, 1]);
      const drawn = noise.normal<tf.Rank.R4>([200, size, size, 1]);
      const left = tf.sub(decoder.decode(latents, drawn, uniformSchedule(12), heun), enlarge(latents));
      const offsets = tf.mean(left, [1, 2, 3]);
      expect(momentsOf(tf.sub(left, tf.reshape(offsets, [200, 1, 1, 1])).dataSync()).std).toBeLessThan(0.2);
      expect(Math.abs(momentsOf(tf.abs(offsets).dataSync()).mean - contrast)).toBeLessThan(0.1);
      const brighter = Array.from(offsets.dataSync()).filter((offset) => offset > 0).length;
      expect(Math.abs(brighter - 100)).toBeLessThan(35);
      noise.dispose();
    });
    decoder.dispose();
  }, 60_000);

  it("decodes latents of any size, and leaves nothing behind", () => {
    const decoder = createDiffusionDecoder({ ...config, downsampling: 4, unet: { widths: [4, 4] } });
    const [latents, noise] = [normal([1, 2, 3, 1], 1), normal([1, 8, 12, 1], 2)] as [
      tf.Tensor4D,
      tf.Tensor4D,
    ];
    const before = tf.memory().numTensors;
    const pictures = decoder.decode(latents, noise, [1, 0]);
    expect(pictures.shape).toEqual([1, 8, 12, 1]);
    pictures.dispose();
    expect(() => decoder.decode(noise, noise, [1, 0])).toThrow(/belong to latents \[1, 2, 3, 1\]/);
    expect(() => decoder.decode(latents, noise, [0, 1])).toThrow(/times of a sampler/);
    expect(tf.memory().numTensors).toBe(before);
    decoder.dispose();
  });
});

it("clean tensors stay as they are at time 0: what a consistency student needs", async () => {
  await useEngine("torch");
  const noisy = normal([2, 1, 1, 1], 1) as tf.Tensor4D;
  const student = rectifiedFlow((input) => tf.add(input, 5) as tf.Tensor4D);
  expect(largestDifference(student.denoise(noisy, tf.zeros([2]), undefined), noisy)).toBe(0);
  expect(cosinePath.at(0)).toMatchObject({ signal: 1, noise: 0 });
});
