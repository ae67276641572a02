import * as tf from "@tensorflow/tfjs-core";
import type { Parameters } from "../nn/parameters.js";
import { parameterGroup } from "./parameter-groups.js";

/** A network's part of a step that is repeated. */
export interface ReplayedTurn {
  network: string;
  parameters: Parameters;
  /** The gradients with the parameters as they are then; the caller frees them. */
  gradients(): Record<string, tf.Tensor>;
  /** Makes that step's update. */
  update(gradients: Record<string, tf.Tensor>): void;
}

/**
 * Repeats the steps from the last checkpoint to the one whose loss was not finite, and looks where it began. Only then
 * is it known: looking at every gradient of every step would cost more than the repetition.
 *
 * @param turns from the checkpoint to the lost loss, that one included
 * @returns the first group of parameters that are not finite or have such gradients; where all groups have them at once,
 *   the one that has grown most since the checkpoint; nothing where the repetition stays finite
 */
export async function findFault(
  turns: AsyncIterable<ReplayedTurn>,
): Promise<{ network: string; parameterGroup: string } | undefined> {
  const beginnings = new Map<string, Record<string, number>>();
  for await (const { network, parameters, gradients: compute, update } of turns) {
    const names = Object.keys(parameters);
    const weights = await squareSums(parameters);
    const first = beginnings.get(network);
    if (!first) beginnings.set(network, weights);
    const gradients = compute();
    try {
      const slopes = await squareSums(gradients);
      const brokenWeights = names.filter((name) => !isFiniteAt(weights, name));
      const broken =
        brokenWeights.length > 0 ? brokenWeights : names.filter((name) => !isFiniteAt(slopes, name));
      if (broken.length > 0) {
        const everywhere = broken.length === Object.keys(gradients).length;
        const growth = (name: string) => (weights[name] as number) / (first?.[name] || 1);
        const culprit =
          everywhere && brokenWeights.length === 0 && first ? largest(broken, growth) : broken[0];
        return { network, parameterGroup: parameterGroup(culprit as string) };
      }
      update(gradients);
    } finally {
      tf.dispose(gradients);
    }
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
