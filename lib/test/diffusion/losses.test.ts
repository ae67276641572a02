import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import {
  addNoise,
  cosinePath,
  type Denoiser,
  dimensionShift,
  dropLabels,
  edm,
  edmLoss,
  edmPath,
  epsilonDdpm,
  epsilonLoss,
  flowLoss,
  flowPath,
  linearPath,
  logitNormalTimes,
  logNormalSigmas,
  type NetworkFunction,
  type NoisyBatch,
  noLabels,
  type Path,
  rectifiedFlow,
  shiftTimes,
  toLabels,
  uniformTimes,
  velocityDdpm,
  velocityLoss,
} from "../../src/diffusion/index.js";
import { createNoise } from "../../src/index.js";
import { describeOnEveryEngine } from "../engines.js";
import { expectGradientsToMatch, normal } from "../gradient-check.js";
import { largestDifference, momentsOf } from "./closed-form.js";

type Plain = NetworkFunction<undefined>;
type Loss = (network: Plain, batch: NoisyBatch) => tf.Scalar;

interface Parametrisation {
  name: string;
  path: Path;
  wrap(network: Plain): Denoiser;
  loss: Loss;
  /** What the network has to return, given what the noisy tensor was made of. */
  answer(clean: number, noise: number, at: { signal: number; noise: number }): number;
}

const sigmaData = 0.7;
const parametrisations: Parametrisation[] = [
  {
    name: "rectified flow",
    path: flowPath,
    wrap: rectifiedFlow,
    loss: (network, batch) => flowLoss(network, batch, undefined),
    answer: (clean, noise) => noise - clean,
  },
  {
    name: "EDM",
    path: edmPath,
    wrap: (network) => edm(network, { sigmaData }),
    loss: (network, batch) => edmLoss(network, batch, undefined, { sigmaData }),
    // Table 1 solved for the network.
    answer(clean, noise, { noise: sigma }) {
      const total = sigma ** 2 + sigmaData ** 2;
      const skipped = (sigmaData ** 2 / total) * (clean + sigma * noise);
      return ((clean - skipped) * Math.sqrt(total)) / (sigma * sigmaData);
    },
  },
  ...[cosinePath, linearPath].flatMap((path): Parametrisation[] => [
    {
      name: `DDPM's epsilon, ${path.name} schedule`,
      path,
      wrap: (network) => epsilonDdpm(network, path),
      loss: (network, batch) => epsilonLoss(network, batch, undefined, path),
      answer: (_, noise) => noise,
    },
    {
      name: `v, ${path.name} schedule`,
      path,
      wrap: (network) => velocityDdpm(network, path),
      loss: (network, batch) => velocityLoss(network, batch, undefined, path),
      answer: (clean, noise, at) => at.signal * noise - at.noise * clean,
    },
  ]),
];

const shape = [3, 2, 1, 2];
const times = [0.1, 0.5, 0.8];
const makeBatch = (): NoisyBatch => ({
  clean: normal(shape, 1) as tf.Tensor4D,
  noise: normal(shape, 2) as tf.Tensor4D,
  times: tf.tensor1d(times),
});

/** The right answers for that batch, one by one in doubles. */
function answers({ clean, noise }: NoisyBatch, { path, answer }: Parametrisation): tf.Tensor4D {
  const [cleanValues, noiseValues] = [clean.dataSync(), noise.dataSync()];
  const size = clean.size / times.length;
  const values = cleanValues.map((value, index) =>
    answer(value, noiseValues[index] as number, path.at(times[Math.floor(index / size)] as number)),
  );
  return tf.tensor4d(values, clean.shape);
}

describeOnEveryEngine("diffusion's losses", () => {
  describe.each(parametrisations)("$name", (parametrisation) => {
    const { path, wrap, loss } = parametrisation;

    it("denoises by a network that knows the answer, whose loss is 0", () => {
      const batch = makeBatch();
      const right = answers(batch, parametrisation);
      const network: Plain = (input, level) => {
        expect(input.shape).toEqual(shape);
        expect(level.shape).toEqual([3]);
        return right;
      };
      const noisy = addNoise(path, batch.clean, batch.noise, batch.times);
      expect(
        largestDifference(wrap(network).denoise(noisy, batch.times, undefined), batch.clean),
      ).toBeLessThan(1e-4);
      expect(loss(network, batch).dataSync()[0]).toBeLessThan(1e-9);
    });

    it("has the mean squared error of the network as its loss", () => {
      const batch = makeBatch();
      const right = answers(batch, parametrisation);
      const wrong: Plain = () => tf.add(right, 0.5) as tf.Tensor4D;
      expect(loss(wrong, batch).dataSync()[0]).toBeCloseTo(0.25, 4);
    });

    it("has the gradient of its differences", () => {
      const batch = makeBatch();
      expectGradientsToMatch(
        (gain, offset) =>
          loss((input, level) => {
            const shifted = tf.add(tf.mul(input, gain), tf.reshape(level, [-1, 1, 1, 1]));
            return tf.mul(tf.tanh(shifted), offset) as tf.Tensor4D;
          }, batch),
        [normal([2, 1, 2], 3), normal([2], 4)],
      );
    });

    it("leaves nothing but the loss", () => {
      const batch = makeBatch();
      const before = tf.memory().numTensors;
      loss((input) => tf.mul(input, 2), batch).dispose();
      wrap((input) => tf.mul(input, 2))
        .denoise(batch.clean, batch.times, undefined)
        .dispose();
      expect(tf.memory().numTensors).toBe(before);
    });
  });

  it.each([
    flowPath,
    edmPath,
    cosinePath,
    linearPath,
  ])("the path of $name says the same in tensors and in numbers", (path) => {
    const { signal, noise } = path.mixture(tf.tensor1d(times));
    for (const [index, time] of times.entries()) {
      const at = path.at(time);
      expect(signal.dataSync()[index]).toBeCloseTo(at.signal, 6);
      expect(noise.dataSync()[index]).toBeCloseTo(at.noise, 6);
      const [before, after] = [path.at(time - 1e-5), path.at(time + 1e-5)];
      expect(at.signalSlope).toBeCloseTo((after.signal - before.signal) / 2e-5, 6);
      expect(at.noiseSlope).toBeCloseTo((after.noise - before.noise) / 2e-5, 6);
    }
    expect(path.at(0)).toMatchObject({ signal: 1, noise: 0 });
  });

  it("draws times from the distributions of the papers", () => {
    const source = createNoise(3);
    const drawn = source.normal<tf.Rank.R1>([20_000]);
    const logits = logitNormalTimes(drawn, { mean: -0.5, std: 0.7 }).dataSync();
    const underlying = momentsOf(logits.map((time) => Math.log(time / (1 - time))));
    expect(underlying.mean).toBeCloseTo(-0.5, 1);
    expect(underlying.std).toBeCloseTo(0.7, 1);
    for (const [options, mean] of [
      [{ sigmaData: 0.5 }, -1.2], // the paper's pictures
      [{}, -1.2 + Math.log(2)], // twice as large, as standardised latents and `edm` are
      [{ sigmaData: 2, mean: 0.3 }, 0.3],
    ] as const) {
      const logs = momentsOf(logNormalSigmas(drawn, options).dataSync().map(Math.log));
      expect(logs.mean).toBeCloseTo(mean, 1);
      expect(logs.std).toBeCloseTo(1.2, 1);
    }
    expect(() => logNormalSigmas(drawn, { sigmaData: 0 })).toThrow(/sigmaData/);
    const even = uniformTimes(tf.tensor1d([0, 0.25, 1 - 2 ** -24])).dataSync();
    expect(even[0]).toBeGreaterThan(0);
    expect(even[1]).toBe(0.25);
    expect(even[2]).toBeLessThan(1);
    source.dispose();
  });

  it("shifts times so that a constant picture of more values is as noisy as before", () => {
    // The mean of n values of noise has 1 / sqrt(n) of its std: n times the values, the same noise at sqrt(n) / 1.
    const shift = dimensionShift(4 * 4096);
    expect(shift).toBe(2);
    const moved = shiftTimes(tf.tensor1d([0, 0.5, 1]), shift).dataSync();
    expect(Array.from(moved, (time) => time / (1 - time))).toEqual([
      0,
      expect.closeTo(2, 5),
      Number.POSITIVE_INFINITY,
    ]);
    expect(() => shiftTimes(tf.tensor1d([0.5]), 0)).toThrow(/shift/);
  });

  it("drops labels by the uniform numbers that it is given", () => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const labels = toLabels(
        [
          [0, 4],
          [1, 2],
          [2, -1],
        ],
        [3, 5],
      );
      const together = dropLabels(labels, tf.tensor2d([[0.05], [0.2], [0.1]]), 0.1);
      expect(together.arraySync()).toEqual([
        [-1, -1],
        [1, 2],
        [2, -1],
      ]);
      const each = dropLabels(labels, tf.tensor2d([0.05, 0.5, 0.5, 0.01, 0.5, 0.5], [3, 2]), 0.1);
      expect(each.arraySync()).toEqual([
        [-1, 4],
        [1, -1],
        [2, -1],
      ]);
      expect(noLabels(2, 2).arraySync()).toEqual([
        [-1, -1],
        [-1, -1],
      ]);
      expect(each.dtype).toBe("int32");
    });
    expect(tf.memory().numTensors).toBe(before);
  });
});

it("refuses labels that there are not", () => {
  const outOfRange = expect.objectContaining({ code: "ERR_INDEX_OUT_OF_RANGE" });
  for (const label of [3, -2, 0.5, Number.NaN]) expect(() => toLabels([[label]], [3])).toThrow(outOfRange);
  expect(() => toLabels([[1, 1]], [3])).toThrow(expect.objectContaining({ code: "ERR_SHAPE_MISMATCH" }));
  expect(() => edm((input) => input, { sigmaData: 0 })).toThrow(/sigmaData/);
});
