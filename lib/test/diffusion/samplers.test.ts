import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import {
  consistencySampler,
  consistencyTargets,
  cosinePath,
  type Denoiser,
  ddim,
  edm,
  edmPath,
  epsilonDdpm,
  euler,
  flowPath,
  generate,
  guide,
  heun,
  heunWithChurn,
  karrasSchedule,
  linearPath,
  type Path,
  type Sampler,
  sample,
  startingNoise,
  stochasticDdim,
  uniformSchedule,
  velocityDdpm,
} from "../../src/diffusion/index.js";
import { createNoise } from "../../src/index.js";
import { normalProbability, normalQuantile } from "../../src/statistics/normal.js";
import { describeOnEveryEngine } from "../engines.js";
import { normal } from "../gradient-check.js";
import {
  gaussianDenoiser,
  gaussianFlow,
  largestDifference,
  momentsOf,
  twoPeaksDenoiser,
} from "./closed-form.js";

const read = (tensor: tf.Tensor) => tensor.dataSync();

/** Means and variances that differ from value to value of a [2, 1, 2] tensor. */
const makeGaussian = () => ({
  mean: tf.tensor([0.5, -1, 0, 2], [2, 1, 2]),
  variance: tf.tensor([1, 0.3, 2, 0.05], [2, 1, 2]),
});

interface Case {
  path: Path;
  from: number;
  to: number;
}
/** On every path a part without the singular ends; the last step to time 0 is always of first order. */
const cases: Case[] = [
  { path: flowPath, from: 0.95, to: 0.2 },
  { path: edmPath, from: 3, to: 0.4 },
  { path: cosinePath, from: 0.95, to: 0.2 },
  { path: linearPath, from: 0.95, to: 0.2 },
];

function errorOf(sampler: Sampler, { path, from, to }: Case, steps: number): number {
  return tf.tidy(() => {
    const gaussian = makeGaussian();
    const noisy = tf.mul(normal([8, 2, 1, 2], 1), path.at(from).noise + 0.1) as tf.Tensor4D;
    const times = uniformSchedule(steps, { from, to });
    const got = sample(sampler, gaussianDenoiser(path, gaussian), noisy, times, undefined);
    return largestDifference(got, gaussianFlow(path, gaussian, noisy, from, to));
  });
}

describeOnEveryEngine("samplers", () => {
  describe.each(cases.map((one) => ({ name: one.path.name, one })))("on the path of $name", ({ one }) => {
    it.each([
      { name: "Euler", sampler: euler, order: 1, steps: 64 },
      { name: "DDIM", sampler: ddim, order: 1, steps: 64 },
      { name: "Heun", sampler: heun, order: 2, steps: 16 },
    ])("$name converges to the closed form with order $order", ({ sampler, order, steps }) => {
      const [coarse, fine] = [errorOf(sampler, one, steps), errorOf(sampler, one, 2 * steps)];
      expect(Math.log2(coarse / fine)).toBeGreaterThan(order - 0.2);
      expect(Math.log2(coarse / fine)).toBeLessThan(order + 0.5);
      expect(fine).toBeLessThan(0.05);
    });
  });

  it("DDIM is Euler's method on straight paths, for any denoiser", () => {
    for (const path of [flowPath, edmPath]) {
      const denoiser = twoPeaksDenoiser(path, 0.1);
      const noisy = normal([4, 2, 2, 1], 2) as tf.Tensor4D;
      const times = uniformSchedule(7, { from: 0.9, to: 0 });
      const [first, second] = [euler, ddim].map((sampler) =>
        sample(sampler, denoiser, noisy, times, undefined),
      );
      expect(largestDifference(first as tf.Tensor, second as tf.Tensor)).toBeLessThan(1e-5);
    }
  });

  it("two peaks: every value ends at the quantile at which it began", () => {
    const [width, count] = [0.15, 41];
    const probabilities = Array.from({ length: count }, (_, index) => (index + 0.5) / count);
    const noise = tf.tensor4d(probabilities.map(normalQuantile), [count, 1, 1, 1]);
    const times = uniformSchedule(200, { to: 0.001 });
    const samples = read(sample(heun, twoPeaksDenoiser(flowPath, width), noise, times, undefined));
    for (const [index, value] of samples.entries()) {
      const cumulative = normalProbability((value - 1) / width) + normalProbability((value + 1) / width);
      expect(cumulative / 2).toBeCloseTo(probabilities[index] as number, 2);
    }
  });

  it("from pure noise to clean tensors, the distribution is the data's", () => {
    const gaussian = makeGaussian();
    const noise = normal([64, 2, 1, 2], 3) as tf.Tensor4D;
    const runs = [
      { path: flowPath, sampler: heun, times: uniformSchedule(64) },
      { path: cosinePath, sampler: ddim, times: uniformSchedule(300) },
      { path: edmPath, sampler: heun, times: karrasSchedule(40, { min: 0.002, max: 80 }) },
    ];
    for (const { path, sampler, times } of runs) {
      const noisy = startingNoise(path, noise, times[0] as number);
      const samples = sample(sampler, gaussianDenoiser(path, gaussian), noisy, times, undefined);
      const wanted = tf.add(gaussian.mean, tf.mul(tf.sqrt(gaussian.variance), noise));
      expect(largestDifference(samples, wanted)).toBeLessThan(0.04);
    }
  });

  it("with fresh noise the distribution stays the data's, and the samples become others", () => {
    const noise = createNoise(7);
    const drawn = noise.normal<tf.Rank.R4>([4000, 1, 1, 1]);
    const gaussian = { mean: 0.5, variance: 0.64 };
    const runs = [
      { path: edmPath, sampler: heunWithChurn({ churn: 10, noise }), times: karrasSchedule(40) },
      { path: cosinePath, sampler: stochasticDdim({ eta: 1, noise }), times: uniformSchedule(150) },
      {
        path: flowPath,
        sampler: stochasticDdim({ eta: 0.5, noise }),
        times: uniformSchedule(150, { from: 0.999 }),
      },
    ];
    for (const { path, sampler, times } of runs) {
      const noisy = startingNoise(path, drawn, times[0] as number);
      const samples = read(sample(sampler, gaussianDenoiser(path, gaussian), noisy, times, undefined));
      const { mean, std } = momentsOf(samples);
      expect(Math.abs(mean - 0.5)).toBeLessThan(0.05); // 4 standard errors
      expect(Math.abs(std - 0.8)).toBeLessThan(0.05);
      const start = read(drawn);
      const products = samples.map((value, index) => (value - mean) * (start[index] as number));
      expect(momentsOf(products).mean / std).toBeLessThan(0.95);
    }
    noise.dispose();
  });

  it("guidance goes along the line through both estimates", () => {
    const denoiser = {
      path: flowPath,
      denoise: (noisy: tf.Tensor4D, _: tf.Tensor1D, condition: tf.Tensor) =>
        tf.add(noisy, condition) as tf.Tensor4D,
    };
    const noisy = normal([2, 1, 1, 1], 1) as tf.Tensor4D;
    const [given, none] = [tf.scalar(3), tf.scalar(1)];
    for (const [scale, offset] of [
      [0, 1],
      [0.5, 2],
      [1, 3],
      [4, 9],
    ] as const) {
      const estimate = guide(denoiser, { scale, none: () => none }).denoise(noisy, tf.ones([2]), given);
      expect(largestDifference(estimate, tf.add(noisy, offset))).toBeLessThan(1e-5);
    }
    expect(() => guide(denoiser, { scale: -1, none: () => none })).toThrow(/scale/);
  });

  it("generate returns as many as asked for, the same for the same seed, each with its condition, and leaves nothing", async () => {
    const denoiser = {
      path: flowPath,
      denoise: (noisy: tf.Tensor4D, _: tf.Tensor1D, target: tf.Tensor4D) =>
        tf.add(tf.mul(noisy, 0), target) as tf.Tensor4D,
    };
    const options = {
      count: 7,
      batchSize: 3,
      shape: [1, 2, 1] as const,
      times: uniformSchedule(3),
      sampler: euler,
      condition: (start: number, size: number) =>
        tf.reshape(tf.range(start, start + size), [size, 1, 1, 1]) as tf.Tensor4D,
    };
    const before = tf.memory().numTensors;
    const { data, shape } = await generate(denoiser, options);
    expect(shape).toEqual([7, 1, 2, 1]);
    for (const [index, value] of data.entries()) expect(value).toBeCloseTo(Math.floor(index / 2), 5);
    const gaussian = { ...options, condition: () => undefined };
    const exact = gaussianDenoiser(flowPath, { mean: 0, variance: 1 });
    const first = await generate(exact, { ...gaussian, seed: 1 });
    expect(await generate(exact, { ...gaussian, seed: 1 })).toEqual(first);
    expect((await generate(exact, { ...gaussian, seed: 2 })).data).not.toEqual(first.data);
    await expect(generate(exact, { ...gaussian, signal: AbortSignal.abort("enough") })).rejects.toBe(
      "enough",
    );
    expect(tf.memory().numTensors).toBe(before);
  });

  it("leaves no tensor behind but the samples", () => {
    const noise = createNoise(1);
    const noisy = normal([2, 2, 2, 1], 1) as tf.Tensor4D;
    const before = tf.memory().numTensors;
    const stochastic = [
      heunWithChurn({ churn: 2, noise }),
      stochasticDdim({ eta: 1, noise }),
      consistencySampler(noise),
    ];
    for (const sampler of [euler, heun, ddim, ...stochastic]) {
      const denoiser = twoPeaksDenoiser(edmPath, 0.2);
      const seen: number[] = [];
      const done = sample(sampler, denoiser, noisy, karrasSchedule(3), undefined, (_, steps) =>
        seen.push(steps),
      );
      expect(seen).toEqual([1, 2, 3]);
      done.dispose();
      expect(tf.memory().numTensors).toBe(before);
    }
    const stop = () => {
      throw new Error("enough");
    };
    const interrupted = () =>
      sample(heun, twoPeaksDenoiser(edmPath, 0.2), noisy, karrasSchedule(3), undefined, stop);
    expect(interrupted).toThrow("enough");
    expect(tf.memory().numTensors).toBe(before);
    expect(noisy.isDisposed).toBe(false);
    noise.dispose();
  });
});

it("refuses schedules that do not lead from noise to clean", () => {
  const denoiser = gaussianDenoiser(flowPath, { mean: 0, variance: 1 });
  const go = (times: number[]) => sample(euler, denoiser, tf.zeros([1, 1, 1, 1]), times, undefined);
  for (const times of [[], [1], [0, 1], [1, 1, 0], [1, Number.NaN, 0], [1, -0.1]]) {
    expect(() => go(times)).toThrow(expect.objectContaining({ code: "ERR_OPTION_OUT_OF_RANGE" }));
  }
  expect(() => uniformSchedule(0)).toThrow(/steps/);
  expect(() => uniformSchedule(2, { from: 0.5, to: 0.5 })).toThrow(/from/);
  expect(() => karrasSchedule(2, { min: 2, max: 1 })).toThrow(/max/);
  const noise = createNoise(0);
  expect(() => stochasticDdim({ eta: 2, noise })).toThrow(/eta/);
  const churned = heunWithChurn({ churn: 1, noise });
  expect(() => sample(churned, denoiser, tf.zeros([1, 1, 1, 1]), [1, 0], undefined)).toThrow(
    /rectified flow/,
  );
});

it("refuses to begin where an estimate divides by what is no longer there", () => {
  const network = (input: tf.Tensor4D) => tf.zerosLike(input);
  const noisy = tf.zeros([1, 1, 1, 1]) as tf.Tensor4D;
  const begin = (denoiser: Denoiser, from: number) =>
    sample(ddim, denoiser, noisy, uniformSchedule(2, { from }), undefined).dispose();
  const refusal = expect.objectContaining({
    code: "ERR_OPTION_OUT_OF_RANGE",
    message: expect.stringContaining("0.99"),
  });
  const guided = guide(epsilonDdpm(network), { scale: 2, none: () => undefined });
  expect(() => begin(epsilonDdpm(network), 1)).toThrow(refusal);
  expect(() => begin(guided, 1)).toThrow(refusal);
  begin(epsilonDdpm(network), 0.99);
  begin(epsilonDdpm(network, linearPath), 1);
  begin(velocityDdpm(network), 1);
  const batch = {
    clean: noisy,
    noise: noisy,
    times: tf.ones([1]) as tf.Tensor1D,
    nextTimes: tf.zeros([1]) as tf.Tensor1D,
  };
  for (const teacher of [epsilonDdpm(network), edm(network, { sigmaData: 1 })]) {
    expect(() => consistencyTargets(teacher, teacher, batch, undefined)).toThrow(
      expect.objectContaining({ code: "ERR_OPTION_OUT_OF_RANGE" }),
    );
  }
});

it("schedules have their ends, and a shift moves them towards the noise", () => {
  expect(uniformSchedule(4)).toEqual([1, 0.75, 0.5, 0.25, 0]);
  expect(uniformSchedule(2, { shift: 3 })).toEqual([1, 0.75, 0]);
  const levels = karrasSchedule(5, { min: 0.1, max: 10, rho: 1 });
  for (const [index, wanted] of [10, 7.525, 5.05, 2.575, 0.1, 0].entries()) {
    expect(levels[index]).toBeCloseTo(wanted, 10);
  }
  const ends = (options: { sigmaData?: number }) =>
    karrasSchedule(3, options).filter((_, index) => index % 2 === 0);
  expect(ends({ sigmaData: 0.5 })).toEqual([expect.closeTo(80, 10), expect.closeTo(0.002, 10)]); // the paper's
  expect(ends({})).toEqual([expect.closeTo(160, 10), expect.closeTo(0.004, 10)]);
  expect(() => karrasSchedule(3, { sigmaData: -1 })).toThrow(/sigmaData/);
});
