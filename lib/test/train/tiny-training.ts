import * as tf from "@tensorflow/tfjs-core";
import { addDense, createRandom, dense, engine, type Parameters } from "../../src/index.js";
import { batchesAt, noDecayForVectors, type TrainOptions, warmUpCosine } from "../../src/train/index.js";

const batchSize = 8;

/** Points on a curve: a function of the step, like everything that can be resumed. */
const points = batchesAt((step) => {
  const random = createRandom(step);
  return Float32Array.from({ length: batchSize * 4 }, (_, index) => Math.sin(index + random.uniform(0, 3)));
});

type Inputs = { points: tf.Tensor2D };
type Setting = "pull" | "spread";

/**
 * An autoencoder with noise in the middle, and an adversary of it that sits out every third step: two optimisers, weight
 * decay for a part of the parameters, clipping, accumulation, a schedule, two kinds of averages, noise and settings, all
 * of it small.
 */
export function makeTiny(): {
  options: TrainOptions<Float32Array, Inputs, Setting>;
  parameters: Parameters;
  dispose(): void;
} {
  const random = createRandom(1);
  const generator: Parameters = {};
  const discriminator: Parameters = {};
  addDense(generator, random, "in", 4, 6);
  addDense(generator, random, "out", 6, 4);
  addDense(discriminator, random, "in", 4, 5);
  addDense(discriminator, random, "out", 5, 1);
  const judge = (x: tf.Tensor2D) =>
    dense(discriminator, "out", tf.tanh(dense(discriminator, "in", x)) as tf.Tensor2D);

  return {
    options: {
      steps: 30,
      seed: 3,
      microBatches: 2,
      reportEvery: 4,
      batches: points,
      toTensors: (values) => ({ points: tf.tensor2d(values, [batchSize, 4]) }),
      settings: { pull: (step) => (step > 5 ? 0.1 : 0), spread: 0.1 },
      networks: {
        generator: {
          parameters: generator,
          learningRate: 0.02,
          weightDecay: 0.01,
          groups: [noDecayForVectors],
          schedule: warmUpCosine({ warmUp: 3, steps: 1000 }),
          clipNorm: 0.5,
          averages: { slow: { decay: 0.9, warmUp: true }, power: { relativeStd: 0.1 } },
          loss({ batch: { points }, settings, noise }) {
            const hidden = tf.tanh(dense(generator, "in", points));
            const noisy = tf.add(hidden, tf.mul(noise.normal(hidden.shape), settings.spread));
            const made = dense(generator, "out", noisy as tf.Tensor2D);
            const distance = tf.mean(tf.squaredDifference(made, points)) as tf.Scalar;
            const fooled = tf.neg(tf.mean(judge(made as tf.Tensor2D))) as tf.Scalar;
            const loss = tf.add(distance, tf.mul(fooled, settings.pull)) as tf.Scalar;
            return { loss, terms: { distance }, handOn: { made } };
          },
        },
        discriminator: {
          parameters: discriminator,
          learningRate: 0.01,
          turn: (step) => step % 3 !== 0,
          loss({ batch: { points }, handedOn: { made } }) {
            const ofReal = tf.mean(tf.relu(tf.sub(1, judge(points))));
            return {
              loss: tf.add(ofReal, tf.mean(tf.relu(tf.add(1, judge(made as tf.Tensor2D))))) as tf.Scalar,
            };
          },
        },
      },
    },
    parameters: { ...prefixed("generator", generator), ...prefixed("discriminator", discriminator) },
    dispose: () => tf.dispose([generator, discriminator]),
  };
}

function prefixed(name: string, parameters: Parameters): Parameters {
  return Object.fromEntries(Object.entries(parameters).map(([key, value]) => [`${name}.${key}`, value]));
}

export function readAll(parameters: Parameters): Record<string, number[]> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, variable]) => [name, Array.from(variable.dataSync())]),
  );
}

/** What the engine holds; on torch also what TensorFlow.js does not know of. */
export const heldTensors = () => [tf.memory().numTensors, engine.memory().tensors];
