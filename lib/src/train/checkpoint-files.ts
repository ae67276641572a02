import fs from "node:fs/promises";
import path from "node:path";
import { withoutAliases } from "../engine/aliases.js";
import { RunError } from "../errors.js";
import type { Parameters } from "../nn/parameters.js";
import { floatTensor, openSafetensors, writeAtomically, writeSafetensors } from "../safetensors/index.js";
import type { NetworkState, TrainingState, Weights } from "./checkpoint.js";
import { type CheckpointText, type Description, parseCheckpointText } from "./checkpoint-text.js";
import type { Turn } from "./turn.js";

const textFile = "state.json";
const weightsFile = (network: string) => `${network}.safetensors`;
const optimizerFile = (network: string) => `${network}.optimizer.safetensors`;
const averageFile = (network: string, average: string) => `${network}.average.${average}.safetensors`;

/**
 * Writes a checkpoint's files into a folder. Tensors have TensorFlow.js's shapes, `[height, width, in, out]` for filters; the
 * optimiser's are called `mean.<parameter>` and `meanSquare.<parameter>`.
 */
export async function writeCheckpoint(
  folder: string,
  state: TrainingState,
  turns: readonly Turn[],
  description: Description,
): Promise<void> {
  const networks: CheckpointText["networks"] = {};
  for (const { name, network } of turns) {
    const { weights, optimizer, averages } = state.networks[name] as NetworkState;
    const write = (file: string, parts: Record<string, Weights>) => {
      const tensors = Object.entries(parts).flatMap(([prefix, values]) =>
        entriesOf(network.parameters).map(([key, { shape }]) =>
          floatTensor(prefix + key, shape, values[key] as Float32Array),
        ),
      );
      return writeSafetensors(path.join(folder, file), tensors);
    };
    await write(weightsFile(name), { "": weights });
    await write(optimizerFile(name), { "mean.": optimizer.mean, "meanSquare.": optimizer.meanSquare });
    for (const [key, values] of Object.entries(averages)) await write(averageFile(name, key), { "": values });
    networks[name] = { updates: optimizer.step, averages: Object.keys(averages) };
  }
  const { step, noisePosition } = state;
  const time = new Date().toISOString();
  const text: CheckpointText = { version: 1, step, noisePosition, time, networks, ...description };
  await writeAtomically(path.join(folder, textFile), async (handle) => {
    await handle.writeFile(`${JSON.stringify(text, null, 2)}\n`);
  });
}

/**
 * Reads a checkpoint for these networks.
 *
 * @throws RunError `ERR_RUN_DAMAGED` for files that cannot be read, `ERR_RUN_MISMATCH` for those of other networks
 */
export async function readCheckpoint(
  folder: string,
  turns: readonly Turn[],
): Promise<{ state: TrainingState; text: CheckpointText }> {
  const text = await readText(path.join(folder, textFile));
  const networks: TrainingState["networks"] = {};
  requireSameNames(folder, "networks", Object.keys(text.networks), turns.map(({ name }) => name)); // biome-ignore format: one line
  for (const { name, network, averages } of turns) {
    const stored = text.networks[name] as CheckpointText["networks"][string];
    const names = Object.keys(averages);
    requireSameNames(folder, `averages of "${name}"`, stored.averages, names);
    const read = (file: string, prefix = "") =>
      readWeights(path.join(folder, file), network.parameters, prefix);
    const taken: NetworkState["averages"] = {};
    for (const key of names) taken[key] = await read(averageFile(name, key));
    networks[name] = {
      weights: await read(weightsFile(name)),
      optimizer: {
        step: stored.updates,
        mean: await read(optimizerFile(name), "mean."),
        meanSquare: await read(optimizerFile(name), "meanSquare."),
      },
      averages: taken,
    };
  }
  return { state: { step: text.step, noisePosition: text.noisePosition, networks }, text };
}

async function readText(file: string): Promise<CheckpointText> {
  const text = await fs.readFile(file, "utf8").catch((cause) => {
    throw damaged(file, cause);
  });
  const state = parseCheckpointText(text);
  if (state) return state;
  throw damaged(file);
}

async function readWeights(file: string, parameters: Parameters, prefix: string): Promise<Weights> {
  const source = await openSafetensors(file).catch((cause) => {
    throw damaged(file, cause);
  });
  try {
    const weights: Weights = {};
    for (const [name, { shape }] of entriesOf(parameters)) {
      const stored = source.tensors.get(prefix + name);
      if (stored?.shape.join() !== shape.join()) {
        const has = stored ? `has the shape [${stored.shape.join(", ")}]` : "is missing";
        const message = `${file} is of another model: "${prefix + name}" ${has}, and is [${shape.join(", ")}] here.`;
        throw new RunError("ERR_RUN_MISMATCH", message, file);
      }
      weights[name] = await source.readFloat32(prefix + name);
    }
    return weights;
  } finally {
    await source.close();
  }
}

function requireSameNames(folder: string, what: string, stored: string[], given: string[]): void {
  if ([...stored].sort().join() === [...given].sort().join()) return;
  const message = `${folder} has the ${what} ${stored.join(", ") || "(none)"}, this training ${given.join(", ") || "(none)"}.`;
  throw new RunError("ERR_RUN_MISMATCH", message, folder);
}

function damaged(file: string, cause?: unknown): RunError {
  const message = `${file} is no part of a checkpoint. Remove this checkpoint to go on from the one before.`;
  return new RunError("ERR_RUN_DAMAGED", message, file, { cause });
}

function entriesOf(parameters: Parameters) {
  return Object.entries(withoutAliases(parameters));
}
