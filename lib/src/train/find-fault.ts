import * as tf from "@tensorflow/tfjs-core";
import { valueAndGradients } from "../engine/index.js";
import type { Parameters } from "../nn/parameters.js";
import { parameterGroup } from "./parameter-groups.js";

export interface Replay {
  parameters: Parameters;
  /** The loss of step 0, 1, ... after the checkpoint, computed with the parameters as they are then. */
  loss(step: number): tf.Scalar;
  /** Makes that step's update. */
  update(gradients: Record<string, tf.Tensor>): void;
}

/**
 * Repeats the steps from the last checkpoint to the one whose loss was not finite, and looks where it began. Only then
 * is it known: looking at every gradient of every step would cost more than the repetition.
 *
 * @param stepCount steps from the checkpoint to the lost loss, that one included
 * @returns the first group of parameters that are not finite or have such gradients; where all groups have them at once,
 *   the one that has grown most since the checkpoint; nothing where the repetition stays finite
 */
export async function findFault(
  { parameters, loss, update }: Replay,
  stepCount: number,
  pause: () => Promise<void>,
): Promise<string | undefined> {
  const names = Object.keys(parameters);
  const first = await squareSums(parameters);
  for (let step = 0; step < stepCount; step++) {
    const weights = await squareSums(parameters);
    const { value, gradients } = valueAndGradients(() => loss(step), parameters);
    try {
      const slopes = await squareSums(gradients);
      const brokenWeights = names.filter((name) => !Number.isFinite(weights[name] ?? 0));
      const broken =
        brokenWeights.length > 0 ? brokenWeights : names.filter((name) => !isFiniteAt(slopes, name));
      if (broken.length > 0) {
        const everywhere = broken.length === Object.keys(gradients).length;
        const growth = (name: string) => (weights[name] as number) / (first[name] || 1);
        const culprit =
          everywhere && brokenWeights.length === 0 && step > 0 ? largest(broken, growth) : broken[0];
        return parameterGroup(culprit as string);
      }
      update(gradients);
    } finally {
      tf.dispose([value, gradients]);
    }
    await pause();
  }
  return undefined;
}

/** Sums of squares: not finite where one number is not, or is so large (1e19) that it soon will not be. */
async function squareSums(tensors: Record<string, tf.Tensor>): Promise<Record<string, number>> {
  const sums = tf.tidy(() => tf.stack(Object.values(tensors).map((tensor) => tf.sum(tf.square(tensor)))));
  const values = await sums.data();
  sums.dispose();
  return Object.fromEntries(Object.keys(tensors).map((name, index) => [name, values[index] as number]));
}

function isFiniteAt(sums: Record<string, number>, name: string): boolean {
  return Number.isFinite(sums[name] ?? 0);
}

function largest(names: string[], measure: (name: string) => number): string | undefined {
  return names.reduce((best, name) => (measure(name) > measure(best) ? name : best));
}
