import * as tf from "@tensorflow/tfjs-core";
import type { Parameters } from "../../nn/parameters.js";
import type { AdamOptions, AdamSnapshot, EngineAdam } from "../engine.js";

/**
 * Adam and AdamW on joined vectors.
 *
 * TensorFlow.js's own works a variable at a time, fourteen operations each: for a small model with eighty variables
 * that is a quarter of the training step. Here all gradients are joined to one vector first.
 */
export function createAdam(
  parameters: Parameters,
  options: AdamOptions,
  snapshot?: AdamSnapshot,
): EngineAdam {
  const names = Object.keys(parameters);
  const variables = Object.values(parameters);
  const sizes = variables.map((variable) => variable.size);
  const { beta1, beta2, epsilon, weightDecay } = options;
  let { learningRate } = options;
  let step = snapshot?.step ?? 0;
  const mean = joinedVariable(names, sizes, snapshot?.mean);
  const meanSquare = joinedVariable(names, sizes, snapshot?.meanSquare);

  return {
    update(gradients) {
      step += 1;
      tf.tidy(() => {
        const gradient = tf.concat1d(
          variables.map((variable, index) => {
            const own = gradients[names[index] as string];
            return own ? tf.reshape(own, [variable.size]) : tf.zeros([variable.size]);
          }),
        );
        const nextMean = tf.add(tf.mul(mean, beta1), tf.mul(gradient, 1 - beta1));
        const nextSquare = tf.add(tf.mul(meanSquare, beta2), tf.mul(tf.square(gradient), 1 - beta2));
        const keep = keepUnused(names, sizes, gradients);
        mean.assign(keep(nextMean, mean) as tf.Tensor1D);
        meanSquare.assign(keep(nextSquare, meanSquare) as tf.Tensor1D);
        // Both means start at zero; dividing by 1 - beta^step takes that bias out (Kingma and Ba 2015, section 3).
        const stepSize = (learningRate * Math.sqrt(1 - beta2 ** step)) / (1 - beta1 ** step);
        const guard = epsilon * Math.sqrt(1 - beta2 ** step);
        const change = tf.div(tf.mul(mean, stepSize), tf.add(tf.sqrt(meanSquare), guard));
        const parts = tf.split(change, sizes);
        for (const [index, variable] of variables.entries()) {
          if (!gradients[names[index] as string]) continue;
          // AdamW: the weight shrinks by itself, apart from the gradient (Loshchilov and Hutter 2019, arXiv:1711.05101).
          const start = weightDecay === 0 ? variable : tf.mul(variable, 1 - learningRate * weightDecay);
          variable.assign(tf.sub(start, tf.reshape(parts[index] as tf.Tensor, variable.shape)));
        }
      });
    },
    setLearningRate(next) {
      learningRate = next;
    },
    snapshot: () => ({ step, mean: cutUp(mean, names, sizes), meanSquare: cutUp(meanSquare, names, sizes) }),
    dispose() {
      mean.dispose();
      meanSquare.dispose();
    },
  };
}

/** Takes the old numbers where a parameter had no gradient in this update, the new ones elsewhere. */
function keepUnused(
  names: string[],
  sizes: number[],
  gradients: Record<string, tf.Tensor>,
): (next: tf.Tensor, old: tf.Tensor) => tf.Tensor {
  if (names.every((name) => gradients[name])) return (next) => next;
  const used = tf.concat1d(
    names.map((name, index) => tf.fill([sizes[index] as number], gradients[name] ? 1 : 0, "bool")),
  );
  return (next, old) => tf.where(used, next, old);
}

function joinedVariable(
  names: string[],
  sizes: number[],
  parts: Record<string, Float32Array> | undefined,
): tf.Variable<tf.Rank.R1> {
  const joined = new Float32Array(sizes.reduce((sum, size) => sum + size, 0));
  let start = 0;
  for (const [index, name] of names.entries()) {
    const part = parts?.[name];
    if (part) joined.set(part, start);
    start += sizes[index] as number;
  }
  return tf.tidy(() => tf.variable(tf.tensor1d(joined), false));
}

function cutUp(joined: tf.Variable, names: string[], sizes: number[]): Record<string, Float32Array> {
  const values = joined.dataSync() as Float32Array;
  let start = 0;
  return Object.fromEntries(
    names.map((name, index) => {
      const end = start + (sizes[index] as number);
      const part = values.slice(start, end);
      start = end;
      return [name, part];
    }),
  );
}
