import fs from "node:fs/promises";
import path from "node:path";
import { WeightsError } from "../errors.js";
import { requirePath } from "../options.js";
import { findDuplicateKey } from "./duplicate-keys.js";
import type { TensorEntry } from "./header.js";
import { openSafetensors, requireTensor, type TensorSource } from "./read.js";

/**
 * Opens a model that is divided among several safetensors files, by the list `*.safetensors.index.json` that lies
 * beside them: `{ "weight_map": { "<tensor>": "<file>" } }`. A tensor counts where the list says that it is.
 *
 * @throws WeightsError `ERR_WEIGHTS_INDEX` for a list that is none, or that leads out of its folder;
 *   `ERR_WEIGHTS_NOT_FOUND` and `ERR_WEIGHTS_MISSING` where a file or a tensor in it is missing; those of `parseHeader`
 */
export async function openShardedSafetensors(indexFile: string): Promise<TensorSource> {
  requirePath("indexFile", indexFile);
  const text = await fs.readFile(indexFile, "utf8").catch((cause) => {
    const message = `${indexFile} cannot be opened: ${cause.message}.`;
    throw new WeightsError("ERR_WEIGHTS_NOT_FOUND", message, { file: indexFile, cause });
  });
  const fileOfTensor = parseWeightMap(text, indexFile);
  const sources = new Map<string, TensorSource>();
  const close = async () => {
    await Promise.all([...sources.values()].map((source) => source.close()));
  };
  try {
    for (const name of new Set(fileOfTensor.values())) {
      sources.set(name, await openSafetensors(path.join(path.dirname(indexFile), name)));
    }
    return combine(fileOfTensor, sources, close);
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * The files of the parts by the tensors' names.
 *
 * @param file for the errors' sentences
 * @throws WeightsError `ERR_WEIGHTS_INDEX`
 */
export function parseWeightMap(text: string, file: string): ReadonlyMap<string, string> {
  const fail = (reason: string, cause?: unknown) =>
    new WeightsError("ERR_WEIGHTS_INDEX", `${file} is no list of a model's parts: ${reason}.`, {
      file,
      cause,
    });
  let weightMap: unknown;
  try {
    weightMap = JSON.parse(text)?.weight_map;
  } catch (cause) {
    throw fail((cause as Error).message, cause);
  }
  if (typeof weightMap !== "object" || weightMap === null || Array.isArray(weightMap)) {
    throw fail('it has no object "weight_map"');
  }
  const duplicate = findDuplicateKey(text);
  if (duplicate !== undefined) throw fail(`it has ${JSON.stringify(duplicate)} twice`);
  const entries = Object.entries(weightMap);
  for (const [tensor, part] of entries) {
    if (typeof part !== "string" || !/^[^/\\:\0]+\.safetensors$/.test(part) || part.startsWith(".")) {
      throw fail(`${JSON.stringify(part)} (of "${tensor}") is no .safetensors file in the same folder`);
    }
  }
  if (entries.length === 0) throw fail("it is empty");
  return new Map(entries);
}

function combine(
  fileOfTensor: ReadonlyMap<string, string>,
  sources: ReadonlyMap<string, TensorSource>,
  close: () => Promise<void>,
): TensorSource {
  const tensors = new Map<string, TensorEntry>();
  for (const [name, file] of fileOfTensor) {
    tensors.set(name, requireTensor(sources.get(file) as TensorSource, name, file));
  }
  const metadata = new Map([...sources.values()].flatMap((source) => [...source.metadata]));
  const sourceOf = (name: string) => {
    requireTensor({ tensors, metadata }, name, "The model");
    return sources.get(fileOfTensor.get(name) as string) as TensorSource;
  };
  return {
    tensors,
    metadata,
    readBytes: async (name) => sourceOf(name).readBytes(name),
    read: async (name) => sourceOf(name).read(name),
    readFloat32: async (name) => sourceOf(name).readFloat32(name),
    close,
  };
}
