import * as tf from "@tensorflow/tfjs-core";
import type { AdamSnapshot } from "../engine/engine.js";
import type { Parameters } from "../nn/parameters.js";
import type { Adam } from "./adam.js";

/** A training's state on the host after `step` updates, by the parameters' names. */
export interface Checkpoint {
  step: number;
  weights: Record<string, Float32Array>;
  optimizer: AdamSnapshot;
}

/** Copies the state to the host. */
export async function takeCheckpoint(step: number, parameters: Parameters, adam: Adam): Promise<Checkpoint> {
  const weights: Record<string, Float32Array> = {};
  for (const [name, variable] of Object.entries(parameters)) {
    weights[name] = (await variable.data()).slice() as Float32Array;
  }
  return { step, weights, optimizer: adam.snapshot() };
}

/** The first parameter that holds, or whose optimiser holds, a number that is not finite. */
export function findBrokenParameter({ weights, optimizer }: Checkpoint): string | undefined {
  return Object.keys(weights).find(
    (name) => ![weights[name], optimizer.mean[name], optimizer.meanSquare[name]].every(areFinite),
  );
}

/** Puts the parameters and their optimiser back to a checkpoint. */
export function restoreCheckpoint(
  { weights, optimizer }: Checkpoint,
  parameters: Parameters,
  adam: Adam,
): void {
  for (const [name, variable] of Object.entries(parameters)) {
    const values = weights[name] as Float32Array;
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
  }
  adam.restore(optimizer);
}

function areFinite(values: Float32Array | undefined): boolean {
  return values?.every((value) => Number.isFinite(value)) ?? true;
}
