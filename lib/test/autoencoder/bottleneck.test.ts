import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { shiftPositions } from "../../src/autoencoder/bottleneck/shift.js";
import {
  type Bottleneck,
  clamp,
  createAutoencoder,
  drawLatents,
  dropPositions,
  encodeImages,
  fixedSigma,
  interpolate,
  jitter,
  kl,
  klDivergence,
  noise,
  type Posterior,
  passBottleneck,
  reconstruct,
  rmsNorm,
  scaledTanh,
  varianceExpansion,
  varianceLoss,
} from "../../src/autoencoder/index.js";
import { ConfigError, cards, createNoise, engine, sampleLatents } from "../../src/index.js";
import { describeOnEveryEngine } from "../engines.js";
import { expectGradientsToMatch, normal } from "../gradient-check.js";

const shape: [number, number, number, number] = [3, 4, 5, 2];
const posteriorOf = (seed: number, logvar = -1): Posterior => ({
  mean: normal(shape, seed, 2) as tf.Tensor4D,
  logvar: tf.fill(shape, logvar),
});
const numbers = (tensor: tf.Tensor | undefined) => Array.from((tensor as tf.Tensor).dataSync());
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** What the stages make of the means alone. */
const bend = (stages: Bottleneck[], latents: tf.Tensor) =>
  passBottleneck(stages, { mean: latents as tf.Tensor4D, logvar: tf.fill(shape, -30) }).latents;

describeOnEveryEngine("a bottleneck", () => {
  it("without stages is a plain autoencoder's: the means", () => {
    const posterior = posteriorOf(1);
    const source = createNoise(1);
    const result = passBottleneck([], posterior, { noise: source, training: true });
    expect(numbers(result.latents)).toEqual(numbers(posterior.mean));
    expect([result.sigma, result.penalties]).toEqual([undefined, {}]);
    source.dispose();
  });

  it("kl draws from the posterior and asks for nats, a picture or a latent number", () => {
    const posterior = posteriorOf(1, Math.log(0.25));
    const source = createNoise(1);
    const { latents, sigma, penalties } = passBottleneck([kl({ weight: 0.5 })], posterior, {
      noise: source,
      training: true,
    });
    const offsets = numbers(tf.div(tf.sub(latents, posterior.mean), 0.5));
    expect(Math.abs(mean(offsets))).toBeLessThan(0.3);
    expect(Math.abs(mean(offsets.map((value) => value ** 2)) - 1)).toBeLessThan(0.4);
    expect(numbers(sigma)[0]).toBeCloseTo(0.5, 5);
    const nats = numbers(klDivergence(posterior))[0] as number;
    expect(numbers(penalties.kl?.value)[0]).toBeCloseTo(nats, 3);
    expect(penalties.kl?.weight).toBe(0.5);
    const averaged = passBottleneck([kl({ weight: 1, reduction: "mean" })], posterior, {
      noise: source,
      training: true,
    });
    expect(numbers(averaged.penalties.kl?.value)[0]).toBeCloseTo(nats / 40, 4);
    source.dispose();
  });

  it("leaves out perturbations and penalties where it does not train, and draws only where there is noise", () => {
    const posterior = posteriorOf(2);
    const stages = [
      kl({ weight: 1 }),
      noise({ gaussian: 5 }),
      interpolate(),
      dropPositions({ share: 0.9 }),
      jitter({ share: 1 }),
      varianceLoss({ weight: 1 }),
      varianceExpansion({ weight: 1 }),
    ];
    const evaluated = passBottleneck(stages, posterior);
    expect(numbers(evaluated.latents)).toEqual(numbers(posterior.mean));
    expect(evaluated.penalties).toEqual({});
    const source = createNoise(1);
    const drawn = passBottleneck(stages, posterior, { noise: source });
    source.position = 0;
    const drawnAlone = passBottleneck([kl({ weight: 0 })], posterior, { noise: source });
    expect(numbers(drawn.latents)).toEqual(numbers(drawnAlone.latents));
    source.position = 0;
    const trained = passBottleneck(stages, posterior, { noise: source, training: true });
    expect(numbers(trained.latents)).not.toEqual(numbers(drawn.latents));
    expect(Object.keys(trained.penalties).sort()).toEqual(["kl", "variance", "varianceExpansion"]);
    source.dispose();
  });

  it("scaledTanh is 3 tanh(z / 3), and tells how it narrows the posterior", () => {
    const { latents, sigma } = passBottleneck([kl({ weight: 0 }), scaledTanh()], posteriorOf(1, 0));
    const means = numbers(posteriorOf(1).mean);
    for (const [index, value] of numbers(latents).entries()) {
      const bent = Math.tanh((means[index] as number) / 3);
      expect(value).toBeCloseTo(3 * bent, 4);
      expect(numbers(sigma)[index]).toBeCloseTo(1 - bent ** 2, 4);
    }
  });

  it("clamp cuts, and lets the gradient through as if it did not", () => {
    const latents = normal(shape, 1, 4);
    const cut = numbers(bend([clamp(2)], latents));
    expect(Math.max(...cut.map(Math.abs))).toBeLessThanOrEqual(2.000001);
    for (const [index, value] of numbers(latents).entries())
      expect(cut[index]).toBeCloseTo(Math.min(Math.max(value, -2), 2), 5);
    const parameter = tf.variable(latents) as tf.Variable;
    const { gradients } = engine.valueAndGradients(() => tf.sum(bend([clamp(2)], parameter)) as tf.Scalar, {
      parameter,
    });
    expect(new Set(numbers(gradients.parameter))).toEqual(new Set([1]));
    parameter.dispose();
  });

  it("rmsNorm puts every position on the sphere of radius sqrt(channels)", () => {
    const squares = tf.sum(tf.square(bend([rmsNorm()], normal(shape, 1, 7))), 3);
    for (const value of numbers(squares)) expect(value).toBeCloseTo(2, 4);
  });

  it("fixedSigma adds the same spread everywhere, or one a picture", () => {
    const posterior = {
      mean: tf.zeros([50, 8, 8, 4]),
      logvar: tf.zeros([50, 8, 8, 4]),
    } as unknown as Posterior;
    const source = createNoise(3);
    const spreads = (random: boolean) => {
      const { latents } = passBottleneck([fixedSigma({ sigma: 0.2, random })], posterior, { noise: source });
      return numbers(tf.sqrt(tf.mean(tf.square(latents), [1, 2, 3])));
    };
    for (const spread of spreads(false)) expect(Math.abs(spread - 0.2)).toBeLessThan(0.04);
    // |N(0, 1)| * 0.2 has the mean square 0.04.
    const random = spreads(true);
    expect(Math.min(...random)).toBeLessThan(0.05);
    expect(Math.max(...random)).toBeGreaterThan(0.3);
    source.dispose();
  });

  it("stages that draw add up by their variances", () => {
    const posterior = {
      mean: tf.zeros([20, 8, 8, 4]),
      logvar: tf.fill([20, 8, 8, 4], 2 * Math.log(0.3)),
    } as unknown as Posterior;
    const source = createNoise(3);
    for (const stages of [
      [kl({ weight: 0 }), fixedSigma({ sigma: 0.4 })],
      [fixedSigma({ sigma: 0.4 }), kl({ weight: 0 })],
    ]) {
      const { latents, sigma } = passBottleneck(stages, posterior, { noise: source });
      expect(numbers(sigma)[0]).toBeCloseTo(0.5, 5);
      const spread = numbers(tf.sqrt(tf.mean(tf.square(latents))))[0] as number;
      expect(Math.abs(spread - 0.5)).toBeLessThan(0.02);
    }
    source.dispose();
  });

  it.each<[boolean, string, Bottleneck[]]>([
    [false, "no stage", []],
    [false, "kl", [kl({ weight: 0 })]],
    [false, "a bend before kl", [scaledTanh(), kl({ weight: 0 })]],
    [false, "a fixed sigma", [fixedSigma({ sigma: 0.2 })]],
    [false, "perturbations", [kl({ weight: 0 }), noise({ gaussian: 1 })]],
    [true, "a tanh after kl", [kl({ weight: 0 }), scaledTanh()]],
    [true, "a clamp after kl", [kl({ weight: 0 }), clamp()]],
    [true, "a sphere after a fixed sigma", [fixedSigma({ sigma: 0.2 }), rmsNorm()]],
    [true, "random strengths", [fixedSigma({ sigma: 0.2, random: true })]],
    [true, "random strengths, then kl", [fixedSigma({ sigma: 0.2, random: true }), kl({ weight: 0 })]],
  ])("says %s to latents that are not normal: %s", (approximate, _, stages) => {
    const source = createNoise(1);
    expect(passBottleneck(stages, posteriorOf(1)).approximate).toBe(approximate);
    expect(passBottleneck(stages, posteriorOf(1), { noise: source }).approximate).toBe(approximate);
    source.dispose();
  });

  it("varianceLoss is of a whole batch: the mean over its parts is another number", () => {
    const mean = normal([4, 2, 2, 3], 5) as tf.Tensor4D;
    const [value, ...parts] = [mean, ...tf.split(mean, 2)].map((part) => {
      const posterior = { mean: part as tf.Tensor4D, logvar: tf.zerosLike(part) as tf.Tensor4D };
      const { penalties } = passBottleneck([varianceLoss({ weight: 1 })], posterior, { training: true });
      return penalties.variance?.value.dataSync()[0] as number;
    });
    const ofParts = parts.reduce((sum, part) => sum + part, 0) / 2;
    expect(Math.abs(ofParts - (value as number))).toBeGreaterThan(0.01);
  });

  it("varianceLoss and varianceExpansion are their formulas", () => {
    const posterior = posteriorOf(4, Math.log(0.5));
    const { penalties } = passBottleneck(
      [varianceLoss({ weight: 1 }), varianceExpansion({ weight: 1, delta: 0.1 })],
      posterior,
      { training: true },
    );
    const values = numbers(posterior.mean);
    const perChannel = [0, 1].map((channel) => {
      const own = values.filter((_, index) => index % 2 === channel);
      return mean(own.map((value) => (value - mean(own)) ** 2));
    });
    const wanted = perChannel.reduce((sum, variance) => sum + 20 * (variance - 1) ** 2, 0);
    expect((numbers(penalties.variance?.value)[0] as number) / wanted).toBeCloseTo(1, 4);
    expect(numbers(penalties.varianceExpansion?.value)[0]).toBeCloseTo(40 / 0.6, 2);
    const hinge = (scale: number) =>
      numbers(
        passBottleneck(
          [varianceLoss({ weight: 1, kind: "hinge" })],
          { ...posterior, mean: tf.mul(posterior.mean, scale) },
          { training: true },
        ).penalties.variance?.value,
      )[0] as number;
    expect(hinge(1)).toBe(0); // their standard deviation is 2
    const narrow = perChannel.reduce(
      (sum, variance) => sum + 20 * (1 - Math.sqrt(0.01 * variance + 1e-4)),
      0,
    );
    expect(hinge(0.1)).toBeCloseTo(narrow, 2);
  });

  it("the perturbations do what they say", () => {
    const latents = tf.fill([40, 8, 8, 2], 2) as tf.Tensor4D;
    const posterior = { mean: latents, logvar: tf.zerosLike(latents) };
    const source = createNoise(5);
    const perturbed = (stage: Bottleneck, of = posterior) =>
      passBottleneck([stage], of, { noise: source, training: true }).latents;
    const added = numbers(tf.sub(perturbed(noise({ gaussian: 0.3 })), latents));
    expect(Math.sqrt(mean(added.map((value) => value ** 2)))).toBeCloseTo(0.3, 1);

    const dropped = numbers(perturbed(dropPositions({ share: 0.25 })));
    expect(Math.abs(mean(dropped.map((value) => (value === 0 ? 1 : 0))) - 0.25)).toBeLessThan(0.04);
    expect(new Set(dropped)).toEqual(new Set([0, 2]));
    for (let index = 0; index < dropped.length; index += 2) expect(dropped[index]).toBe(dropped[index + 1]);

    // (1 - t) 2 + t gamma eps: the mean over a picture tells its t.
    const times = numbers(tf.mean(perturbed(interpolate({ gamma: 1e-3 })), [1, 2, 3])).map(
      (value) => 1 - value / 2,
    );
    expect(Math.min(...times)).toBeGreaterThanOrEqual(-1e-3);
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(0.5);

    // Each position holds its own row and column: a moved one shows from where.
    const [rows, columns] = [tf.range(0, 8), tf.range(0, 8)];
    const ramp = tf.stack(
      [tf.tile(tf.reshape(rows, [8, 1]), [1, 8]), tf.tile(tf.reshape(columns, [1, 8]), [8, 1])],
      2,
    );
    const places = tf.tile(tf.reshape(ramp, [1, 8, 8, 2]), [4, 1, 1, 1]) as tf.Tensor4D;
    const moves = numbers(tf.sub(perturbed(jitter({ share: 1 }), { mean: places, logvar: places }), places));
    expect(new Set(moves)).toEqual(new Set([-1, 0, 1]));
    const few = numbers(tf.sub(perturbed(jitter({ share: 0.1 }), { mean: places, logvar: places }), places));
    expect(mean(few.map((value) => Math.abs(value)))).toBeLessThan(0.15);
    source.dispose();
  });

  it("shiftPositions repeats the edge", () => {
    const x = tf.tensor4d([1, 2, 3, 4, 5, 6], [1, 2, 3, 1]);
    expect(numbers(shiftPositions(x, 1, 0))).toEqual([4, 5, 6, 4, 5, 6]);
    expect(numbers(shiftPositions(x, 0, -1))).toEqual([1, 1, 2, 4, 4, 5]);
    expect(numbers(shiftPositions(x, 0, 5))).toEqual([3, 3, 3, 6, 6, 6]);
    expectGradientsToMatch((input) => shiftPositions(input as tf.Tensor4D, 1, -1), [normal([2, 3, 4, 2], 1)]);
  });

  it.each<[string, Bottleneck[]]>([
    ["kl", [kl({ weight: 0.3 })]],
    ["tanh after kl", [kl({ weight: 0.3 }), scaledTanh(2)]],
    ["rmsNorm and noise", [rmsNorm(), noise({ gaussian: 0.2 })]],
    ["the variance losses", [varianceLoss({ weight: 0.1 }), varianceExpansion({ weight: 0.1 })]],
    [
      "interpolation, dropping and jitter",
      [interpolate(), dropPositions({ share: 0.3 }), jitter({ share: 0.5 })],
    ],
    ["a fixed sigma", [fixedSigma({ sigma: 0.2, random: true })]],
  ])("%s: the gradient is that of its differences", (_, stages) => {
    const source = createNoise(7);
    expectGradientsToMatch(
      (means, logvar) => {
        source.position = 0;
        const posterior = { mean: means, logvar } as Posterior;
        const { latents, penalties } = passBottleneck(stages, posterior, { noise: source, training: true });
        const terms = Object.values(penalties).map(({ value, weight }) => tf.mul(value, weight));
        // Without stages for it, logvar has no influence; a trace of it keeps the comparison defined.
        const trace = tf.mul(0.01, tf.sum(tf.square(logvar as tf.Tensor)));
        return tf.concat([tf.reshape(latents, [-1]), tf.stack([trace, ...terms])]);
      },
      [normal([2, 3, 3, 2], 11), normal([2, 3, 3, 2], 12, 0.5)],
      { step: 3e-3, tolerance: 0.02 },
    );
    source.dispose();
  });

  it("decides what an autoencoder's latents are", async () => {
    const images = cards({ count: 6, seed: 1 });
    const options = { widths: [4, 4, 4], seed: 1 };
    const plain = createAutoencoder({ ...options, bottleneck: [] });
    const bounded = createAutoencoder({ ...options, bottleneck: [kl({ weight: 1 }), scaledTanh(0.1)] });
    const usual = createAutoencoder(options);
    const before = tf.memory().numTensors;
    const [ofPlain, ofBounded, ofUsual] = await Promise.all(
      [plain, bounded, usual].map((model) => encodeImages(model, images)),
    );
    expect(ofPlain?.mean).toEqual(ofUsual?.mean);
    expect(Math.max(...(ofPlain?.sigma.data ?? []))).toBe(0);
    for (const [index, value] of (ofUsual?.mean.data ?? []).entries())
      expect(ofBounded?.mean.data[index]).toBeCloseTo(0.1 * Math.tanh(value / 0.1), 5);
    // A draw: within the bounds, not the mean, the same for the same seed.
    const drawn = await drawLatents(bounded, images, { seed: 3 });
    expect(Math.max(...drawn.data.map(Math.abs))).toBeLessThan(0.1 + 1e-6);
    expect(drawn.data).not.toEqual(ofBounded?.mean.data);
    expect(await drawLatents(bounded, images, { seed: 3, batchSize: 6 })).toEqual(drawn);
    expect((await drawLatents(plain, images)).data).toEqual(ofPlain?.mean.data);
    expect(sampleLatents(ofUsual as never).shape).toEqual(drawn.shape);
    expect((await reconstruct(bounded, images)).shape).toEqual([6, 32, 32, 3]);
    expect(tf.memory().numTensors).toBe(before);
    for (const model of [plain, bounded, usual]) model.dispose();
  });
});

it("refuses options that make no sense", () => {
  const bad = [
    () => kl({ weight: -1 }),
    () => kl({ weight: tf.zeros([2]) as never }),
    () => varianceLoss({ weight: tf.zeros([1]) as never }),
    () => varianceExpansion({ weight: Number.NaN }),
    () => kl({ weight: 1, reduction: "max" as never }),
    () => fixedSigma({ sigma: 0 }),
    () => scaledTanh(0),
    () => clamp(Number.NaN),
    () => varianceLoss({ weight: 1, kind: "other" as never }),
    () => varianceExpansion({ weight: 1, delta: 0 }),
    () => noise({ gaussian: -0.1 }),
    () => interpolate({ gamma: 0 }),
    () => interpolate({ longest: 2 }),
    () => dropPositions({ share: 1.5 }),
    () => jitter({ share: 0.5, distance: 0 }),
  ];
  for (const make of bad) expect(make, make.toString()).toThrow(ConfigError);
  expect(() => createAutoencoder({ bottleneck: [kl({ weight: 1 }), kl({ weight: 2 })] })).toThrow(
    /two stages "kl"/,
  );
  expect(() => createAutoencoder({ bottleneck: [rmsNorm as never] })).toThrow(/call the function/);
});
