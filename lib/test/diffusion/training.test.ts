import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { gaussianField, sampleField, velocityVariance } from "../../src/data/index.js";
import {
  createTransformer,
  createUnet,
  ddim,
  dropLabels,
  edm,
  edmLoss,
  epsilonDdpm,
  epsilonLoss,
  flowLoss,
  generate,
  guide,
  heun,
  karrasSchedule,
  logitNormalTimes,
  logNormalSigmas,
  noLabels,
  rectifiedFlow,
  toLabels,
  uniformSchedule,
  uniformTimes,
  velocityDdpm,
  velocityLoss,
} from "../../src/diffusion/index.js";
import type { Noise } from "../../src/index.js";
import { describeOnEveryEngine, useEngine } from "../engines.js";
import { momentsOf } from "./closed-form.js";
import { train } from "./train.js";

const batch = 128;
const mean = [0.5, -1] as const;
/** Standard deviations, and a correlation of 0.8. */
const std = [1, 0.5] as const;
const correlation = 0.8;

/** Latents of one position with two channels: a correlated Gaussian. */
function drawCorrelated(noise: Noise): tf.Tensor4D {
  const [a, b] = tf.split(noise.normal<tf.Rank.R2>([batch, 2]), 2, 1) as [tf.Tensor2D, tf.Tensor2D];
  const second = tf.add(tf.mul(a, correlation), tf.mul(b, Math.sqrt(1 - correlation ** 2)));
  const channels = [tf.add(tf.mul(a, std[0]), mean[0]), tf.add(tf.mul(second, std[1]), mean[1])];
  return tf.reshape(tf.concat(channels, 1), [batch, 1, 1, 2]);
}

const drawBatch = (noise: Noise, times: tf.Tensor1D) => {
  const clean = drawCorrelated(noise);
  return { clean, noise: noise.normal<tf.Rank.R4>(clean.shape as [number, number, number, number]), times };
};
const uniform = (noise: Noise) => uniformTimes(noise.uniform<tf.Rank.R1>([batch]));
const normal = (noise: Noise) => noise.normal<tf.Rank.R1>([batch]);

const createNetwork = () => createTransformer({ shape: [1, 1, 2], width: 32, heads: 2, depth: 2, seed: 3 });
type Model = ReturnType<typeof createNetwork>;

const variants = {
  flow: {
    wrap: ({ network }: Model) => rectifiedFlow(network),
    loss: ({ network }: Model, noise: Noise) => {
      const drawn = drawBatch(noise, logitNormalTimes(normal(noise)));
      return () => flowLoss(network, drawn, undefined);
    },
    times: uniformSchedule(12),
    sampler: heun,
    steps: 350,
  },
  EDM: {
    wrap: ({ network }: Model) => edm(network),
    loss: ({ network }: Model, noise: Noise) => {
      const drawn = drawBatch(noise, logNormalSigmas(normal(noise)));
      return () => edmLoss(network, drawn, undefined);
    },
    times: karrasSchedule(24),
    sampler: heun,
    steps: 350,
  },
  v: {
    wrap: ({ network }: Model) => velocityDdpm(network),
    loss: ({ network }: Model, noise: Noise) => {
      const drawn = drawBatch(noise, uniform(noise));
      return () => velocityLoss(network, drawn, undefined);
    },
    times: uniformSchedule(16),
    sampler: heun,
    steps: 350,
  },
  epsilon: {
    wrap: ({ network }: Model) => epsilonDdpm(network),
    loss: ({ network }: Model, noise: Noise) => {
      const drawn = drawBatch(noise, uniform(noise));
      return () => epsilonLoss(network, drawn, undefined);
    },
    // Short of pure noise, where this parametrisation divides by almost nothing; and it takes longest to learn.
    times: uniformSchedule(40, { from: 0.97 }),
    sampler: ddim,
    steps: 1000,
  },
};

async function expectToLearn(variant: (typeof variants)[keyof typeof variants]): Promise<void> {
  const model = createNetwork();
  const leaked = train(model.parameters, { steps: variant.steps, learningRate: 4e-3 }, (noise) =>
    variant.loss(model, noise),
  );
  expect(leaked).toBe(0);
  const { data } = await generate(variant.wrap(model), {
    count: 3000,
    batchSize: 1500,
    shape: [1, 1, 2],
    times: variant.times,
    sampler: variant.sampler,
    condition: () => undefined,
  });
  const channels = [0, 1].map((channel) => data.filter((_, index) => index % 2 === channel)) as [
    Float32Array,
    Float32Array,
  ];
  const moments = channels.map(momentsOf) as [{ mean: number; std: number }, { mean: number; std: number }];
  for (const channel of [0, 1] as const) {
    expect(Math.abs(moments[channel].mean - mean[channel])).toBeLessThan(0.1 * std[channel] + 0.03);
    expect(Math.abs(moments[channel].std / std[channel] - 1)).toBeLessThan(0.1);
  }
  const products = channels[0].map(
    (value, index) => (value - moments[0].mean) * ((channels[1][index] as number) - moments[1].mean),
  );
  const found = momentsOf(products).mean / (moments[0].std * moments[1].std);
  expect(Math.abs(found - correlation)).toBeLessThan(0.05);
  model.dispose();
}

describeOnEveryEngine("training a transformer", () => {
  it("by rectified flow reaches a Gaussian's moments", () => expectToLearn(variants.flow), 60_000);
});

describe("training on torch", () => {
  beforeAll(() => useEngine("torch"));

  it.each(["EDM", "v", "epsilon"] as const)(
    "by %s reaches a Gaussian's moments",
    (name) => expectToLearn(variants[name]),
    60_000,
  );

  it("with labels dropped now and then learns every class and all of them together; guidance goes beyond", async () => {
    const model = createTransformer({
      shape: [1, 1, 1],
      width: 32,
      heads: 1,
      depth: 2,
      classes: [2],
      seed: 1,
    });
    const [centre, width] = [1.5, 0.4];
    train(model.parameters, { steps: 600, learningRate: 4e-3 }, (noise) => {
      const labels = tf.cast(tf.less(noise.uniform<tf.Rank.R2>([batch, 1]), 0.5), "int32") as tf.Tensor2D;
      const centres = tf.mul(tf.sub(tf.mul(labels, 2), 1), centre);
      const clean = tf.add(tf.mul(noise.normal([batch, 1]), width), centres);
      const drawn = {
        clean: tf.reshape(clean, [batch, 1, 1, 1]) as tf.Tensor4D,
        noise: noise.normal<tf.Rank.R4>([batch, 1, 1, 1]),
        times: uniform(noise),
      };
      const given = dropLabels(labels, noise.uniform<tf.Rank.R2>([batch, 1]), 0.2);
      return () => flowLoss(model.network, drawn, given);
    });
    const denoiser = rectifiedFlow(model.network);
    const momentsWith = async (labels: (size: number) => tf.Tensor2D, from = denoiser) => {
      const shape = [1, 1, 1] as const;
      const options = { count: 2000, batchSize: 2000, shape, times: uniformSchedule(16), sampler: heun };
      const { data } = await generate(from, { ...options, condition: (_, size) => labels(size) });
      return momentsOf(data);
    };
    const labelled = (label: number) => (size: number) => toLabels(Array(size).fill([label]), [2]);
    for (const [label, sign] of [
      [0, -1],
      [1, 1],
    ] as const) {
      const { mean, std } = await momentsWith(labelled(label));
      expect(Math.abs(mean - sign * centre)).toBeLessThan(0.12);
      expect(Math.abs(std - width)).toBeLessThan(0.08);
    }
    const all = await momentsWith((size) => noLabels(size, 1));
    expect(Math.abs(all.std / Math.hypot(centre, width) - 1)).toBeLessThan(0.1);
    const guided = guide(denoiser, { scale: 3, none: (size) => noLabels(size, 1) });
    const beyond = await momentsWith(labelled(1), guided);
    expect(beyond.mean).toBeGreaterThan(centre + 0.05);
    model.dispose();
  }, 60_000);

  it("a U-Net comes near the smallest loss that there is on a Gaussian field, and not below", async () => {
    const field = gaussianField({ size: 8, std: 1 });
    const { data } = sampleField(field, { count: 2048, seed: 1 });
    const textures = tf.tensor4d(data, [2048, 8, 8, 1]);
    const unet = createUnet({ inChannels: 1, widths: [16, 16], seed: 2 });
    const [size, steps] = [16, 400];
    let step = 0;
    train(unet.parameters, { steps, learningRate: 4e-3 }, (noise) => {
      const clean = tf.slice(textures, [(step++ * size) % 2048, 0, 0, 0], [size, 8, 8, 1]);
      const times = uniformTimes(noise.uniform<tf.Rank.R1>([size]));
      const drawn = { clean, noise: noise.normal<tf.Rank.R4>([size, 8, 8, 1]), times };
      return () => flowLoss(unet.network, drawn, undefined);
    });
    const fresh = sampleField(field, { count: 256, seed: 2 });
    const clean = tf.tensor4d(fresh.data, [256, 8, 8, 1]);
    for (const time of [0.3, 0.6, 0.9]) {
      const drawn = {
        clean,
        noise: tf.randomNormal<tf.Rank.R4>([256, 8, 8, 1], 0, 1, "float32", 5),
        times: tf.fill([256], time) as tf.Tensor1D,
      };
      const loss = tf.tidy(() => flowLoss(unet.network, drawn, undefined)).dataSync()[0] as number;
      const smallest = velocityVariance(field.spectrum, time) / 64;
      // The mean of 256 textures is known to about 2 %.
      expect(loss / smallest).toBeGreaterThan(0.93);
      expect(loss / smallest).toBeLessThan(1.25);
    }
    tf.dispose([textures, clean]);
    unet.dispose();
  }, 60_000);
});
