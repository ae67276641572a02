import * as tf from "@tensorflow/tfjs-core";
import { withoutAliases } from "../engine/aliases.js";
import type { AdamSnapshot } from "../engine/engine.js";
import type { Parameters } from "../nn/parameters.js";
import type { Noise } from "../noise.js";
import type { Turn } from "./turn.js";

/** Numbers on the host, by the parameters' names. */
export type Weights = Record<string, Float32Array>;

/** A network's state on the host after `step` updates. */
export interface Checkpoint {
  step: number;
  weights: Weights;
  optimizer: AdamSnapshot;
}

/** The whole state of a training after `step` steps: with its options, batches and journal it goes on from there. */
export interface TrainingState {
  step: number;
  noisePosition: number;
  networks: Record<string, NetworkState>;
}

export interface NetworkState {
  weights: Weights;
  optimizer: AdamSnapshot;
  averages: Record<string, Weights>;
}

/** Copies the state to the host. */
export async function takeState(step: number, turns: readonly Turn[], noise: Noise): Promise<TrainingState> {
  const networks: Record<string, NetworkState> = {};
  for (const { name, network, optimizer, averages } of turns) {
    const taken: NetworkState["averages"] = {};
    for (const [key, { parameters }] of Object.entries(averages)) taken[key] = await readWeights(parameters);
    const weights = await readWeights(network.parameters);
    networks[name] = { weights, optimizer: optimizer.snapshot(), averages: taken };
  }
  return { step, noisePosition: noise.position, networks };
}

/** Puts networks, optimisers, averages and noise back to where they were. */
export function restoreState(state: TrainingState, turns: readonly Turn[], noise: Noise): void {
  for (const { name, network, optimizer, averages } of turns) {
    const { weights, optimizer: snapshot, averages: taken } = state.networks[name] as NetworkState;
    writeWeights(network.parameters, weights);
    optimizer.restore(snapshot);
    for (const [key, { parameters }] of Object.entries(averages)) {
      writeWeights(parameters, taken[key] as Weights);
    }
  }
  noise.position = state.noisePosition;
}

/** The first parameter that holds, or whose optimiser holds, a number that is not finite. */
export function findBrokenParameter({ networks }: TrainingState): string | undefined {
  for (const { weights, optimizer } of Object.values(networks)) {
    const { mean, meanSquare } = optimizer;
    const broken = Object.keys(weights).find(
      (name) => ![weights[name], mean[name], meanSquare[name]].every(areFinite),
    );
    if (broken !== undefined) return broken;
  }
  return undefined;
}

export async function readWeights(parameters: Parameters): Promise<Weights> {
  const weights: Weights = {};
  for (const [name, variable] of Object.entries(withoutAliases(parameters))) {
    weights[name] = (await variable.data()).slice() as Float32Array;
  }
  return weights;
}

export function writeWeights(parameters: Parameters, weights: Weights): void {
  for (const [name, variable] of Object.entries(withoutAliases(parameters))) {
    const values = weights[name] as Float32Array;
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
  }
}

function areFinite(values: Float32Array | undefined): boolean {
  return values?.every((value) => Number.isFinite(value)) ?? true;
}
