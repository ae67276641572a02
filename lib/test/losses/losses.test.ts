import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import {
  createAutoencoder,
  createAutoencoderKL,
  kl,
  scaledTanh,
  varianceLoss,
} from "../../src/autoencoder/index.js";
import { ConfigError, createNoise, engine, klDivergence } from "../../src/index.js";
import {
  absoluteError,
  autoencoderObjective,
  charbonnier,
  createOutputVariance,
  type Distortion,
  squaredError,
  weightedSum,
} from "../../src/losses/index.js";
import { createAdam } from "../../src/train/adam.js";
import { describeOnEveryEngine } from "../engines.js";
import { expectGradientsToMatch, normal } from "../gradient-check.js";

const value = (tensor: tf.Tensor | undefined) => (tensor as tf.Tensor).dataSync()[0] as number;

describeOnEveryEngine("distortions", () => {
  it.each<[string, Distortion, (difference: number) => number]>([
    ["squaredError", squaredError, (difference) => difference ** 2],
    ["absoluteError", absoluteError, Math.abs],
    ["charbonnier", charbonnier(0.5), (difference) => Math.sqrt(difference ** 2 + 0.25)],
    [
      "weightedSum",
      weightedSum([2, squaredError], [0.5, absoluteError]),
      (d) => 2 * d ** 2 + 0.5 * Math.abs(d),
    ],
  ])("%s sums over a picture, is a mean over the batch, and has the right gradient", (_, distortion, of) => {
    const [first, second] = [normal([2, 3, 3, 2], 11), normal([2, 3, 3, 2], 12)] as [
      tf.Tensor4D,
      tf.Tensor4D,
    ];
    const differences = Array.from(tf.sub(second, first).dataSync());
    const wanted = differences.reduce((sum, difference) => sum + of(difference), 0) / 2;
    expect(value(distortion(first, second))).toBeCloseTo(wanted, 3);
    // No kink within a step of the differences.
    const apart = tf.add(first, tf.mul(tf.sign(tf.sub(first, second)), 0.1));
    expectGradientsToMatch((a, b) => distortion(a as tf.Tensor4D, b as tf.Tensor4D), [apart, second]);
  });

  it("a learned variance is the distortion of one value at its best", () => {
    const variance = createOutputVariance({ initial: 1 });
    const distortion = tf.scalar(12);
    const before = tf.memory().numTensors;
    const first = variance.negativeLogLikelihood(distortion, 48);
    expect(value(first)).toBeCloseTo(12 / Math.E + 48, 4);
    first.dispose();
    const adam = createAdam(variance.parameters, { learningRate: 0.1 });
    for (let step = 0; step < 150; step++) {
      const { value, gradients } = engine.valueAndGradients(
        () => variance.negativeLogLikelihood(distortion, 48),
        variance.parameters,
      );
      adam.update(gradients);
      tf.dispose([value, gradients]);
    }
    adam.dispose();
    expect(value(variance.parameters.logvar)).toBeCloseTo(Math.log(12 / 48), 1);
    expect(tf.memory().numTensors).toBe(before);
    distortion.dispose();
    variance.dispose();
  });
});

describeOnEveryEngine("the terms of an autoencoder's loss", () => {
  it("klDivergence is the closed form, in nats a picture", () => {
    const mean = tf.tensor4d([1, 0, -2, 0.5], [2, 1, 1, 2]);
    const logvar = tf.tensor4d([0, 1, -1, 0], [2, 1, 1, 2]);
    const nats = (mu: number, logarithm: number) => 0.5 * (mu ** 2 + Math.exp(logarithm) - 1 - logarithm);
    const expected = (nats(1, 0) + nats(0, 1) + nats(-2, -1) + nats(0.5, 0)) / 2;
    expect(klDivergence({ mean, logvar }).dataSync()[0]).toBeCloseTo(expected, 5);
    expect(klDivergence({ mean: tf.zerosLike(mean), logvar: tf.zerosLike(mean) }).dataSync()[0]).toBe(0);
  });

  it("squaredError is a sum over the picture and a mean over the batch", () => {
    const a = tf.tensor4d([0, 0, 0, 0], [2, 1, 2, 1]);
    const b = tf.tensor4d([1, 2, 3, 0], [2, 1, 2, 1]);
    expect(squaredError(a, b).dataSync()[0]).toBeCloseTo((1 + 4 + 9) / 2, 5);
  });

  it("have the gradients of their differences", () => {
    expectGradientsToMatch(
      (mean, logvar) => klDivergence({ mean: mean as tf.Tensor4D, logvar: logvar as tf.Tensor4D }),
      [normal([2, 2, 2, 3], 1), normal([2, 2, 2, 3], 2)],
    );
    expectGradientsToMatch(
      (a, b) => squaredError(a as tf.Tensor4D, b as tf.Tensor4D),
      [normal([2, 4, 4, 3], 1), normal([2, 4, 4, 3], 2)],
    );
  });
});

describeOnEveryEngine("autoencoderObjective", () => {
  const pictures = () => normal([2, 16, 16, 3], 1, 0.5) as tf.Tensor4D;

  it("adds the weighted penalties to the distortion, for both kinds of autoencoder", () => {
    const ours = createAutoencoder({
      imageSize: 16,
      widths: [4, 4, 4],
      bottleneck: [kl({ weight: 0.3 }), varianceLoss({ weight: 0.2 }), scaledTanh()],
    });
    const stable = createAutoencoderKL({ blockOutChannels: [4, 8], normNumGroups: 2, layersPerBlock: 1 });
    const stages = ours.bottleneck as NonNullable<typeof ours.bottleneck>;
    for (const model of [ours, stable]) {
      const source = createNoise(1);
      const batch = pictures();
      const before = tf.memory().numTensors;
      tf.tidy(() => {
        const variance = model === ours ? undefined : createOutputVariance({ initial: 0.5 });
        const { loss, reconstruction, penalties, latents, reconstructions } = autoencoderObjective(
          model,
          batch,
          {
            noise: source,
            bottleneck: stages,
            distortion: absoluteError,
            ...(variance && { outputVariance: variance }),
          },
        );
        const distance = value(absoluteError(batch, reconstructions));
        const likelihood = variance ? distance / Math.exp(0.5) + 0.5 * 768 : distance;
        expect(value(reconstruction) / likelihood).toBeCloseTo(1, 4);
        expect(value(penalties.kl) / value(klDivergence(model.encode(batch)))).toBeCloseTo(1, 4);
        const wanted = likelihood + 0.3 * value(penalties.kl) + 0.2 * value(penalties.variance);
        expect(value(loss) / wanted).toBeCloseTo(1, 4);
        expect(latents.shape).toEqual([2, 16 / model.downsampling, 16 / model.downsampling, 4]);
        variance?.dispose();
      });
      expect(tf.memory().numTensors).toBe(before);
      source.dispose();
      batch.dispose();
      model.dispose();
    }
  });

  it("its gradient is that of its differences", () => {
    const model = createAutoencoder({
      ...{ imageSize: 8, downsampling: 2, widths: [4, 4], latentChannels: 2, seed: 1, norm: "rms" },
      bottleneck: [kl({ weight: 0.1 }), scaledTanh(2)],
    });
    const source = createNoise(2);
    const batch = normal([2, 8, 8, 3], 3, 0.5) as tf.Tensor4D;
    const loss = () => {
      source.position = 0;
      return autoencoderObjective(model, batch, { noise: source }).loss;
    };
    const { gradients, value: atStart } = engine.valueAndGradients(loss, model.parameters);
    const directions = Object.entries(model.parameters).map(([name, parameter], index) => ({
      parameter,
      gradient: gradients[name] as tf.Tensor,
      direction: normal(parameter.shape, 50 + index),
    }));
    const move = (distance: number) =>
      tf.tidy(() => {
        for (const { parameter, direction } of directions)
          parameter.assign(tf.add(parameter, tf.mul(direction, distance)));
        return value(loss());
      });
    const above = move(1e-3);
    const below = move(-2e-3);
    const analytic = tf.tidy(() =>
      directions.reduce(
        (sum, { gradient, direction }) => sum + value(tf.sum(tf.mul(gradient, direction))),
        0,
      ),
    );
    expect((above - below) / 2e-3 / analytic).toBeCloseTo(1, 1);
    tf.dispose([gradients, atStart, batch, directions.map(({ direction }) => direction)]);
    source.dispose();
    model.dispose();
  });

  it("leaves nothing but its result outside of gradients", () => {
    const model = createAutoencoder({
      imageSize: 16,
      widths: [4, 4, 4],
      bottleneck: [kl({ weight: 0.3 }), scaledTanh()],
    });
    const source = createNoise(1);
    const batch = pictures();
    const before = tf.memory().numTensors;
    const objective = autoencoderObjective(model, batch, { noise: source });
    // The loss, the reconstruction, one penalty, the posterior's two, the latents, the reconstructions.
    expect(tf.memory().numTensors).toBe(before + 7);
    tf.dispose(objective as unknown as tf.TensorContainer);
    expect(tf.memory().numTensors).toBe(before);
    batch.dispose();
    source.dispose();
    model.dispose();
  });

  it("takes weights that change while it trains", () => {
    const weight = tf.variable(tf.scalar(0)) as tf.Variable & tf.Scalar;
    const model = createAutoencoder({ imageSize: 16, widths: [4, 4, 4], bottleneck: [kl({ weight })] });
    const source = createNoise(1);
    const batch = pictures();
    const before = tf.memory().numTensors;
    for (const next of [0, 0.5, 2]) {
      tf.tidy(() => {
        weight.assign(tf.scalar(next));
        const { loss, reconstruction, penalties } = autoencoderObjective(model, batch, { noise: source });
        const wanted = value(reconstruction) + next * value(penalties.kl);
        expect(value(loss) / wanted).toBeCloseTo(1, 4);
        expect(value(penalties.kl)).toBeGreaterThan(0);
      });
    }
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose([weight, batch]);
    source.dispose();
    model.dispose();
  });

  it("asks for a bottleneck where there is none", () => {
    const model = createAutoencoder({ imageSize: 16, widths: [4, 4, 4] });
    const source = createNoise(1);
    const batch = pictures();
    expect(() => autoencoderObjective(model, batch, { noise: source })).toThrow(
      /\[\] for a plain autoencoder/,
    );
    batch.dispose();
    source.dispose();
    model.dispose();
  });
});

it("refuses options that make no sense", () => {
  expect(() => charbonnier(0)).toThrow(ConfigError);
  expect(() => weightedSum()).toThrow(/at least one/);
  expect(() => weightedSum([-1, squaredError])).toThrow(ConfigError);
  expect(() => createOutputVariance({ initial: Number.NaN })).toThrow(ConfigError);
});
