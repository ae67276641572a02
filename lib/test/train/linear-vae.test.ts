import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, it } from "vitest";
import { type Codec, kl } from "../../src/autoencoder/index.js";
import { optimalLinearVae } from "../../src/data/index.js";
import { autoencoderObjective } from "../../src/losses/index.js";
import { batchesAt, train, warmUpCosine } from "../../src/train/index.js";
import { useEngine } from "../engines.js";
import { normal } from "../gradient-check.js";

const eigenvalues = [2, 1, 0.6, 0.3, 0.1, 0.05];
const size = eigenvalues.length;
const beta = 0.5;

beforeAll(() => useEngine("torch"));

const times = (x: tf.Tensor4D, matrix: tf.Tensor) =>
  tf.reshape(tf.matMul(tf.reshape(x, [-1, size]), matrix as tf.Tensor2D), x.shape) as tf.Tensor4D;

/** Eigenvectors that are no axes: a reflection. */
function reflection(): tf.Tensor2D {
  return tf.tidy(() => {
    const direction = normal([size, 1], 4);
    const outer = tf.matMul(direction as tf.Tensor2D, direction as tf.Tensor2D, false, true);
    return tf.sub(tf.eye(size), tf.div(tf.mul(outer, 2), tf.sum(tf.square(direction))));
  });
}

/** Matrices for encoder and decoder, and a variance for every latent dimension. */
function createLinearVae() {
  const parameters = {
    encoder: tf.variable(normal([size, size], 1, 0.3)),
    decoder: tf.variable(normal([size, size], 2, 0.3)),
    logvar: tf.variable(tf.zeros([size])),
  };
  const codec: Codec = {
    ...{ parameters, imageChannels: size, latentChannels: size, downsampling: 1 },
    bottleneck: [kl({ weight: beta })],
    encode(x) {
      const mean = times(x, parameters.encoder);
      return { mean, logvar: tf.add(tf.zerosLike(mean), parameters.logvar) as tf.Tensor4D };
    },
    decode: (z) => times(z, parameters.decoder),
  };
  return { codec, parameters };
}

it("train, kl and the squared error find the optimum of a linear VAE, with the dimensions below beta / 2 collapsed", async () => {
  const { codec, parameters } = createLinearVae();
  const [spread, turn] = [tf.tensor1d(eigenvalues.map(Math.sqrt)), reflection()];
  const steps = 2000;
  const sums = { loss: 0, reconstruction: 0, kl: 0 };
  const run = train({
    ...{ steps, reportEvery: 1, seed: 3, batches: batchesAt(() => undefined), toTensors: () => ({}) },
    networks: {
      vae: {
        parameters,
        learningRate: 0.02,
        schedule: warmUpCosine({ steps, floor: 0.02 }),
        loss({ noise }) {
          const pictures = times(tf.mul(noise.normal<tf.Rank.R4>([1024, 1, 1, size]), spread), turn);
          const { loss, reconstruction, penalties } = autoencoderObjective(codec, pictures, { noise });
          return { loss, terms: { reconstruction, kl: penalties.kl as tf.Scalar } };
        },
      },
    },
  });
  for await (const { step, loss, reconstruction, kl } of run) {
    if (step <= steps - 200) continue;
    sums.loss += (loss as number) / 200;
    sums.reconstruction += (reconstruction as number) / 200;
    sums.kl += (kl as number) / 200;
  }
  const optimum = optimalLinearVae(eigenvalues, { beta });
  expect(optimum.activeUnits).toBe(4);
  expect(sums.loss / optimum.loss).toBeGreaterThan(0.995);
  expect(sums.loss / optimum.loss).toBeLessThan(1.005);
  expect(Math.abs(sums.kl / optimum.kl - 1)).toBeLessThan(0.03);
  expect(Math.abs(sums.reconstruction / optimum.squaredError - 1)).toBeLessThan(0.02);
  const found = Array.from(parameters.logvar.dataSync(), (logvar) => Math.exp(logvar / 2)).sort();
  const wanted = optimum.directions.map(({ posteriorStd }) => posteriorStd).sort();
  for (const [index, std] of found.entries())
    expect(Math.abs(std - (wanted[index] as number))).toBeLessThan(0.03);
  expect(found.filter((std) => Math.abs(std - 1) < 0.03)).toHaveLength(2);
  tf.dispose([parameters, spread, turn]);
});
