import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { preconditioning } from "../../src/diffusion/edm.js";
import {
  type Denoiser,
  ddim,
  edm,
  edmLoss,
  edmPath,
  euler,
  flowPath,
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
} from "../../src/diffusion/index.js";
import type { Noise } from "../../src/index.js";
import { describeOnEveryEngine } from "../engines.js";
import { largestDifference } from "./closed-form.js";
import { fixtures, formulaDenoise } from "./fixtures.js";

const { shape } = fixtures;

function run(path: Path, sampler: Sampler, times: readonly number[]): tf.Tensor4D {
  const denoiser: Denoiser = { path, denoise: formulaDenoise };
  const start = tf.tensor4d(fixtures.start, shape);
  return sample(sampler, denoiser, startingNoise(path, start, times[0] as number), times, undefined);
}

/** Draws the reference's numbers, from the given one on. */
function recordedNoise(first = 0): Noise {
  let draws = first;
  const normal = () => tf.tensor(fixtures.fresh[draws++] as number[], shape);
  return { normal, uniform: normal, position: 0, dispose: () => {} } as unknown as Noise;
}

/** DDPM's 1000 steps as a path: the time is the step. */
const ddpmSteps: Path = {
  name: "DDPM's steps",
  mixture: () => {
    throw new Error("not for training");
  },
  at(step) {
    const signal = step < 0 ? 1 : (fixtures.ddim.signals[step / 125] as number);
    return { signal, noise: Math.sqrt(1 - signal ** 2), signalSlope: Number.NaN, noiseSlope: Number.NaN };
  },
};

describeOnEveryEngine("the reference implementations", () => {
  it("k-diffusion: sample_euler, sample_heun, and sample_heun with churn", () => {
    const { sigmas, euler: wantedEuler, heun: wantedHeun, churn, churnOptions } = fixtures.edm;
    const times = karrasSchedule(7, { min: 0.02, max: 12, rho: 5 });
    for (const [index, time] of times.entries()) expect(time).toBeCloseTo(sigmas[index] as number, 5);
    expect(largestDifference(run(edmPath, euler, times), wantedEuler)).toBeLessThan(2e-5);
    expect(largestDifference(run(edmPath, heun, times), wantedHeun)).toBeLessThan(2e-5);
    const stochastic = heunWithChurn({
      churn: churnOptions.s_churn,
      min: churnOptions.s_tmin,
      max: churnOptions.s_tmax,
      noiseScale: churnOptions.s_noise,
      // k-diffusion draws for the first step, too, whose sigma is above s_tmax, and then does not use it.
      noise: recordedNoise(1),
    });
    expect(largestDifference(run(edmPath, stochastic, times), churn)).toBeLessThan(2e-5);
  });

  it("k-diffusion: the scalings, the preconditioned denoiser and the loss of EDM", () => {
    const { sigmas, sigmaData, scalings, denoised, loss } = fixtures.preconditioning;
    const times = tf.tensor1d(sigmas);
    const { skip, out, input } = preconditioning(times, sigmaData);
    for (const [index, scaling] of [skip, out, input].entries()) {
      expect(largestDifference(tf.reshape(scaling, [-1]), scalings[index] as number[])).toBeLessThan(1e-6);
    }
    const [clean, noise] = fixtures.fresh.map((values) => tf.tensor4d(values, shape)) as [
      tf.Tensor4D,
      tf.Tensor4D,
    ];
    const noisy = tf.add(clean, tf.mul(noise, tf.reshape(times, [-1, 1, 1, 1]))) as tf.Tensor4D;
    const estimate = edm(formulaDenoise, { sigmaData }).denoise(noisy, times, undefined);
    expect(largestDifference(estimate, denoised)).toBeLessThan(1e-5);
    const mine = edmLoss(formulaDenoise, { clean, noise, times }, undefined, { sigmaData });
    expect((mine.dataSync()[0] as number) / loss).toBeCloseTo(1, 4);
  });

  it("diffusers: FlowMatchEulerDiscreteScheduler with a shift", () => {
    const { times: wanted, shift, samples } = fixtures.flow;
    const times = uniformSchedule(6, { shift });
    for (const [index, time] of times.entries()) expect(time).toBeCloseTo(wanted[index] as number, 6);
    for (const sampler of [euler, ddim]) {
      expect(largestDifference(run(flowPath, sampler, times), samples)).toBeLessThan(2e-6);
    }
  });

  it("diffusers: EDMEulerScheduler", () => {
    const { sigmas, samples } = fixtures.edmScheduler;
    const times = karrasSchedule(6, { min: 0.02, max: 12, rho: 5 });
    for (const [index, time] of times.entries()) expect(time).toBeCloseTo(sigmas[index] as number, 5);
    expect(largestDifference(run(edmPath, euler, times), samples)).toBeLessThan(2e-5);
  });

  it("diffusers: DDIMScheduler without and with noise", () => {
    const { steps, eta0, eta1 } = fixtures.ddim;
    // The denoiser's formula knows the time as a share of all steps; the last step leads to no noise at all.
    const denoiser: Denoiser = {
      path: ddpmSteps,
      denoise: (noisy, times) => formulaDenoise(noisy, tf.div(times, 1000)),
    };
    const go = (sampler: Sampler) => {
      const ends = [...steps.slice(1), -125];
      return steps.reduce(
        (noisy, from, index) => {
          const step = { from, to: ends[index] as number, count: steps.length };
          return sampler(denoiser, noisy, step, undefined);
        },
        tf.tensor4d(fixtures.start, shape),
      );
    };
    expect(largestDifference(go(ddim), eta0)).toBeLessThan(5e-6);
    expect(largestDifference(go(stochasticDdim({ eta: 1, noise: recordedNoise() })), eta1)).toBeLessThan(
      1e-5,
    );
  });
});

it("diffusers: DDPM's linear schedule is the limit that linearPath computes", () => {
  for (const [index, signal] of fixtures.ddim.signals.entries()) {
    const { signal: limit, noise } = linearPath.at((125 * index + 1) / 1000);
    expect(Math.abs(limit - signal)).toBeLessThan(1e-3);
    expect(limit ** 2 + noise ** 2).toBeCloseTo(1, 12);
  }
});
