import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import {
  type Adversary,
  adaptiveWeight,
  createFeatureGan,
  createPatchDiscriminator,
  createPatchGan,
  createR3Gan,
  createResidualDiscriminator,
  delayedStart,
  gradientPenalty,
  hingeLoss,
  logisticLoss,
  pairingLoss,
} from "../../src/adversary/index.js";
import { createAutoencoder } from "../../src/autoencoder/index.js";
import { ConfigError, cards, engine, toTensor } from "../../src/index.js";
import { createRandomFeatures, squaredError } from "../../src/losses/index.js";
import { createAdam } from "../../src/train/adam.js";
import { describeOnEveryEngine } from "../engines.js";
import { expectGradientsToMatch, normal } from "../gradient-check.js";

const number = (tensor: tf.Tensor | undefined) => (tensor as tf.Tensor).dataSync()[0] as number;

/** Every kind, small, for pictures of 16 x 16; each frees what it was made of. */
const kinds: [string, () => Adversary][] = [
  ["PatchGAN", () => createPatchGan({ width: 4, layers: 2 })],
  ["R3GAN", () => createR3Gan({ imageSize: 16, widths: [4, 8], gamma: 0.1 })],
  [
    "a feature adversary",
    () => {
      const network = createRandomFeatures({ widths: [4, 8] });
      const adversary = createFeatureGan(network, { width: 4 });
      const dispose = () => {
        adversary.dispose();
        network.dispose();
      };
      return { ...adversary, dispose };
    },
  ],
];

describeOnEveryEngine("losses of adversaries", () => {
  it("are their formulas", () => {
    const [real, fake] = [tf.tensor1d([2, 0.5]), tf.tensor1d([-3, 0.25])];
    const softplus = (x: number) => Math.log(1 + Math.exp(x));
    expect(number(hingeLoss(real, fake))).toBeCloseTo(0.5 * (0.5 / 2 + 1.25 / 2), 5);
    const logistic = 0.5 * ((softplus(-2) + softplus(-0.5)) / 2 + (softplus(-3) + softplus(0.25)) / 2);
    expect(number(logisticLoss(real, fake))).toBeCloseTo(logistic, 5);
    expect(number(pairingLoss(real, fake))).toBeCloseTo((softplus(-5) + softplus(-0.25)) / 2, 5);
  });

  it("have the gradients of their differences", () => {
    const logits = () => [normal([6], 11), normal([6], 12)];
    for (const loss of [hingeLoss, logisticLoss, pairingLoss])
      expectGradientsToMatch((real, fake) => loss(real as tf.Tensor, fake as tf.Tensor), logits(), {
        step: 1e-3,
      });
  });

  it("the penalty of a quadratic discriminator is its closed form, value and gradient", () => {
    // D(x) = a |x|^2 / 2 + b: R1 = mean a^2 |x|^2, dR1/da = 2 a |x|^2, dR1/db = 0.
    const parameters = { a: tf.variable(tf.scalar(0.5)), b: tf.variable(tf.scalar(1)) } as Record<
      string,
      tf.Variable
    >;
    const x = normal([4, 3, 3, 2], 1) as tf.Tensor4D;
    const judge = (pictures: tf.Tensor4D) => {
      const squares = tf.sum(tf.square(pictures), [1, 2, 3]);
      return tf.add(tf.mul(tf.div(parameters.a as tf.Variable, 2), squares), parameters.b as tf.Variable);
    };
    const square = Array.from(x.dataSync()).reduce((sum, pixel) => sum + pixel ** 2, 0) / 4;
    const { value, gradients } = engine.valueAndGradients(
      () => gradientPenalty(judge, x).penalty,
      parameters,
    );
    expect(number(value)).toBeCloseTo(0.25 * square, 3);
    expect(number(gradients.a)).toBeCloseTo(square, 3);
    expect(gradients.b ? number(gradients.b) : 0).toBe(0);
    tf.dispose([parameters, x, value, gradients]);
  });

  it("the penalty of a small residual discriminator has the gradient of its differences", () => {
    const discriminator = createResidualDiscriminator({ imageSize: 4, widths: [3, 4], seed: 2 });
    const { parameters, judge } = discriminator;
    tf.tidy(() => {
      // Far from the kinks of leaky ReLU, where the penalty jumps; and blocks that are not zero.
      for (const [index, [name, parameter]] of Object.entries(parameters).entries()) {
        if (/\.[01]\.bias$/.test(name))
          parameter.assign(tf.fill(parameter.shape, name.includes("0.bias") ? 6 : -6));
        if (/\.2\.weight$/.test(name)) parameter.assign(normal(parameter.shape, index, 0.3) as tf.Tensor4D);
      }
    });
    const x = normal([2, 4, 4, 3], 3, 0.5) as tf.Tensor4D;
    const penalty = () => gradientPenalty((pictures) => tf.softplus(judge(pictures)), x).penalty;
    const { value, gradients } = engine.valueAndGradients(penalty, parameters);
    const directions = Object.entries(parameters).flatMap(([name, parameter], index) =>
      gradients[name]
        ? [{ parameter, gradient: gradients[name], direction: normal(parameter.shape, 90 + index) }]
        : [],
    );
    const move = (distance: number) =>
      tf.tidy(() => {
        for (const { parameter, direction } of directions)
          parameter.assign(tf.add(parameter, tf.mul(direction, distance)));
        return number(penalty());
      });
    const above = move(5e-4);
    const below = move(-1e-3);
    const analytic = tf.tidy(() =>
      directions.reduce(
        (sum, { gradient, direction }) => sum + number(tf.sum(tf.mul(gradient, direction))),
        0,
      ),
    );
    expect(Math.abs((above - below) / 1e-3 / analytic - 1)).toBeLessThan(0.03);
    tf.dispose([x, value, gradients, directions.map(({ direction }) => direction)]);
    discriminator.dispose();
  });
});

describeOnEveryEngine("adversaries", () => {
  it.each(kinds)("%s tells noise from cards, and leaves nothing behind", (_, create) => {
    const start = tf.memory().numTensors;
    const adversary = create();
    const adam = createAdam(adversary.parameters, { learningRate: 1e-2 });
    const real = toTensor(cards({ count: 8, seed: 1, size: 16 }));
    const fake = normal([8, 16, 16, 3], 2, 0.5) as tf.Tensor4D;
    const losses: number[] = [];
    const sizes: number[] = [];
    for (let step = 0; step < 25; step++) {
      const { value, gradients } = engine.valueAndGradients(
        () => adversary.discriminatorLoss(real, fake).loss,
        adversary.parameters,
      );
      adam.update(gradients);
      losses.push(number(value));
      tf.dispose([value, gradients]);
      sizes.push(tf.memory().numTensors + engine.memory().tensors);
    }
    expect(losses.at(-1)).toBeLessThan(0.7 * (losses[0] as number));
    expect(sizes.at(-1)).toBe(sizes[4]);
    tf.tidy(() => {
      const { realLogits, fakeLogits } = adversary.discriminatorLoss(real, fake);
      expect(number(realLogits)).toBeGreaterThan(number(fakeLogits));
      // The model's loss is smaller for what the discriminator believes.
      const [believed, caught] = [adversary.generatorLoss(real, real), adversary.generatorLoss(real, fake)];
      expect(number(believed)).toBeLessThan(number(caught));
    });
    tf.dispose([real, fake]);
    adam.dispose();
    adversary.dispose();
    expect(tf.memory().numTensors).toBe(start);
  });

  it.each(kinds)("%s: leaves nothing but its result outside of gradients", (_, create) => {
    const adversary = create();
    const [real, fake] = [normal([2, 16, 16, 3], 1), normal([2, 16, 16, 3], 2)] as [tf.Tensor4D, tf.Tensor4D];
    const before = tf.memory().numTensors;
    const result = adversary.discriminatorLoss(real, fake);
    expect(tf.memory().numTensors).toBe(before + 3 + Object.keys(result.penalties).length);
    tf.dispose(result as unknown as tf.TensorContainer);
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose([real, fake]);
    adversary.dispose();
  });

  it("R3GAN takes a gamma that changes while it trains", () => {
    const gamma = tf.variable(tf.scalar(0)) as tf.Variable & tf.Scalar;
    const adversary = createR3Gan({ imageSize: 16, widths: [4, 8], gamma });
    const [real, fake] = [normal([2, 16, 16, 3], 1), normal([2, 16, 16, 3], 2)] as [tf.Tensor4D, tf.Tensor4D];
    tf.tidy(() => {
      const without = number(adversary.discriminatorLoss(real, fake).loss);
      gamma.assign(tf.scalar(3));
      const { loss, penalties } = adversary.discriminatorLoss(real, fake);
      const wanted = without + 1.5 * (number(penalties.r1) + number(penalties.r2));
      expect(number(loss) / wanted).toBeCloseTo(1, 4);
      expect(number(loss)).not.toBe(without);
    });
    expect(() => createR3Gan({ gamma: tf.zeros([2]) as never })).toThrow(ConfigError);
    tf.dispose([real, fake, gamma]);
    adversary.dispose();
  });

  it.each(kinds)("%s: the discriminator's loss teaches the model nothing", (_, create) => {
    const adversary = create();
    const real = normal([2, 16, 16, 3], 1) as tf.Tensor4D;
    const scale = tf.variable(tf.scalar(0.5)) as tf.Variable;
    const fakeOf = () => tf.mul(real, scale) as tf.Tensor4D;
    const ofDiscriminator = engine.valueAndGradients(() => adversary.discriminatorLoss(real, fakeOf()).loss, {
      scale,
    });
    const ofModel = engine.valueAndGradients(() => adversary.generatorLoss(real, fakeOf()), { scale });
    const slope = ofDiscriminator.gradients.scale;
    expect(slope ? number(slope) : 0).toBe(0);
    expect(Math.abs(number(ofModel.gradients.scale))).toBeGreaterThan(1e-6);
    tf.dispose([
      real,
      scale,
      ofDiscriminator.value,
      ofDiscriminator.gradients,
      ofModel.value,
      ofModel.gradients,
    ]);
    adversary.dispose();
  });

  it("feature adversary: the gradients are those of the differences", () => {
    const network = createRandomFeatures({ widths: [3, 4] });
    const adversary = createFeatureGan(network, { width: 3 });
    const real = normal([2, 4, 4, 3], 21) as tf.Tensor4D;
    expectGradientsToMatch(
      (fake) => adversary.generatorLoss(real, fake as tf.Tensor4D),
      [normal([2, 4, 4, 3], 22)],
      {
        step: 1e-3,
        tolerance: 0.05,
      },
    );
    adversary.dispose();
    network.dispose();
  });

  it("the adaptive weight is a constant ratio, within its bounds", () => {
    const layer = tf.variable(tf.tensor1d([1, 2, 2])) as tf.Variable;
    const weigh = (scale: number) => {
      let weight = Number.NaN;
      const { value, gradients } = engine.valueAndGradients(
        () => {
          const reconstruction = tf.sum(tf.mul(layer, 3)) as tf.Scalar; // gradient 3, 3, 3
          const adversarial = tf.mul(tf.sum(tf.square(layer)), scale) as tf.Scalar; // gradient scale * (2, 4, 4)
          const adaptive = adaptiveWeight(reconstruction, adversarial, layer);
          weight = number(adaptive);
          return tf.mul(adaptive, adversarial) as tf.Scalar;
        },
        { layer },
      );
      const slopes = Array.from(gradients.layer?.dataSync() ?? []);
      tf.dispose([value, gradients]);
      return { weight, slopes };
    };
    const { weight, slopes } = weigh(0.5);
    expect(weight).toBeCloseTo(Math.sqrt(27) / (3 + 1e-4), 4);
    // As if the weight were a number: not the derivative of the ratio.
    for (const [index, slope] of slopes.entries())
      expect(slope).toBeCloseTo(weight * 0.5 * 2 * ([1, 2, 2][index] as number), 3);
    expect(weigh(0).weight).toBeCloseTo(1e4, 0);
    layer.dispose();
  });

  it("an autoencoder trains with PatchGAN as latent diffusion's does: one step after the other, without leaks", () => {
    const model = createAutoencoder({ imageSize: 16, widths: [4, 4, 4], seed: 1 });
    const adversary = createPatchGan({ width: 4, layers: 2 });
    const [ofModel, ofAdversary] = [model, adversary].map(({ parameters }) =>
      createAdam(parameters, { learningRate: 1e-3 }),
    ) as [ReturnType<typeof createAdam>, ReturnType<typeof createAdam>];
    const pictures = toTensor(cards({ count: 4, seed: 1, size: 16 }));
    const lastLayer = model.parameters["decoder.conv_out.weight"] as tf.Variable;
    const step = engine.compile(({ batch }: { batch: tf.Tensor4D }) => {
      let fake: tf.Tensor4D | undefined;
      let weight: tf.Tensor | undefined;
      const { value, gradients } = engine.valueAndGradients(() => {
        const decoded = model.decode(model.encode(batch).mean);
        fake = tf.keep(engine.stopGradient(decoded));
        const reconstruction = squaredError(batch, decoded);
        const adversarial = adversary.generatorLoss(batch, decoded);
        const adaptive = adaptiveWeight(reconstruction, adversarial, lastLayer);
        weight = tf.keep(engine.stopGradient(adaptive));
        return tf.add(reconstruction, tf.mul(tf.mul(adaptive, 0.5), adversarial)) as tf.Scalar;
      }, model.parameters);
      ofModel.update(gradients);
      const judged = engine.valueAndGradients(
        () => adversary.discriminatorLoss(batch, fake as tf.Tensor4D).loss,
        adversary.parameters,
      );
      ofAdversary.update(judged.gradients);
      const kept = tf.clone(weight as tf.Tensor);
      tf.dispose([fake as tf.Tensor, weight as tf.Tensor]);
      return { loss: value, judged: judged.value, weight: kept };
    });
    const losses: number[] = [];
    const sizes: number[] = [];
    for (let index = 0; index < 12; index++) {
      const outputs = step({ batch: pictures });
      losses.push(squaredErrorOf(model, pictures));
      expect(number(outputs.weight)).toBeGreaterThan(0);
      expect(Number.isFinite(number(outputs.judged))).toBe(true);
      tf.dispose(outputs);
      sizes.push(tf.memory().numTensors + engine.memory().tensors);
    }
    expect(losses.at(-1)).toBeLessThan(losses[0] as number);
    expect(sizes.at(-1)).toBe(sizes[3]);
    tf.dispose(pictures);
    for (const thing of [step, ofModel, ofAdversary, model, adversary]) thing.dispose();
  });
});

const squaredErrorOf = (model: ReturnType<typeof createAutoencoder>, pictures: tf.Tensor4D) =>
  tf.tidy(() => number(squaredError(pictures, model.decode(model.encode(pictures).mean))));

it("starts late where it is told to", () => {
  expect([1, 10, 11, 12].map((step) => delayedStart(step, 10))).toEqual([0, 0, 1, 1]);
});

it("refuses options that make no discriminator", () => {
  const bad = [
    () => createPatchDiscriminator({ layers: 0 }),
    () => createPatchDiscriminator({ norm: "act" as never }),
    () => createPatchGan({ loss: "least squares" as never }),
    () => createResidualDiscriminator({ imageSize: 10, widths: [4, 4, 4] }),
    () => createResidualDiscriminator({ widths: [] }),
    () => createR3Gan({ gamma: -1 }),
    () => delayedStart(0, -1),
  ];
  for (const make of bad) expect(make, make.toString()).toThrow(ConfigError);
});
