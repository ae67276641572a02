import { randomUUID } from "node:crypto";
import fs from "node:fs/promises";
import path from "node:path";
import { DataError } from "../../errors.js";
import { makeFolder } from "../../full-disk.js";
import { requirePath } from "../../options.js";
import { floatTensor, openSafetensors, writeAtomically, writeSafetensors } from "../../safetensors/index.js";
import type { LatentCache } from "./cache.js";
import type { LatentScales } from "./statistics.js";

const tensorFile = "latents.safetensors";
const textFile = "latents.json";

/** What `latents.json` holds. The identity is that of the safetensors file that it belongs to. */
export interface LatentText {
  version: 1;
  identity: string;
  scales: LatentScales;
}

/**
 * Saves a cache as `latents.safetensors` (tensors `mean` and `sigma`) and `latents.json` (the scales) in a folder,
 * which is made where it is missing. Each file appears whole or not at all; should the machine stop between the two,
 * loading says that they do not belong together.
 *
 * @param cache mean and sigma, both `[count, height, width, channels]`, and their scales
 * @throws ConfigError for an empty path; DiskError `ERR_DISK_FULL` and what else writing throws, and nothing is there by
 *   half then
 */
export async function saveLatents(folder: string, { mean, sigma, scales }: LatentCache): Promise<void> {
  requirePath("folder", folder);
  await makeFolder(folder);
  const identity = randomUUID();
  const tensors = [floatTensor("mean", mean.shape, mean.data), floatTensor("sigma", sigma.shape, sigma.data)];
  await writeSafetensors(path.join(folder, tensorFile), tensors, { metadata: { identity } });
  const text: LatentText = { version: 1, identity, scales };
  await writeAtomically(path.join(folder, textFile), async (handle) => {
    await handle.writeFile(`${JSON.stringify(text, null, 2)}\n`);
  });
}

/**
 * Loads what `saveLatents` has saved.
 *
 * @returns mean and sigma, both `[count, height, width, channels]`, and their scales
 * @throws DataError `ERR_DATASET_NOT_FOUND` where `latents.json` is missing, `ERR_DATASET_FORMAT` where it is
 *   something else or belongs to another file; WeightsError for the safetensors file
 */
export async function loadLatents(folder: string): Promise<LatentCache> {
  requirePath("folder", folder);
  const file = path.join(folder, textFile);
  const { identity, scales } = await readText(file);
  const source = await openSafetensors(path.join(folder, tensorFile));
  try {
    if (source.metadata.get("identity") !== identity) {
      throw broken(file, `it belongs to another ${tensorFile} than the one beside it; encode again`);
    }
    const read = async (name: string) => ({
      data: await source.readFloat32(name),
      shape: [...(source.tensors.get(name)?.shape ?? [])],
    });
    const [mean, sigma] = [await read("mean"), await read("sigma")];
    const channels = scales.channelMean.length;
    if (mean.shape.length !== 4 || mean.shape[3] !== channels || mean.shape.join() !== sigma.shape.join()) {
      throw broken(file, `it is for ${channels} channels, the latents are [${mean.shape.join(", ")}]`);
    }
    return { mean, sigma, scales };
  } finally {
    await source.close();
  }
}

async function readText(file: string): Promise<LatentText> {
  const text = await fs.readFile(file, "utf8").catch((cause) => {
    const message = `${file} cannot be read: ${cause.message}. Save latents there first.`;
    throw new DataError("ERR_DATASET_NOT_FOUND", message, file, { cause });
  });
  return parseLatentText(text, file);
}

/**
 * What `latents.json` holds.
 *
 * @throws DataError `ERR_DATASET_FORMAT`
 */
export function parseLatentText(text: string, file: string): LatentText {
  let parsed: Partial<LatentText>;
  try {
    parsed = JSON.parse(text) ?? {};
  } catch (cause) {
    throw broken(file, "it is no JSON", cause);
  }
  const { version, identity, scales } = parsed;
  if (version !== 1 || typeof identity !== "string" || !isScales(scales)) {
    throw broken(file, "a version, an identity or the scales of the channels are missing or no numbers");
  }
  return { version, identity, scales };
}

function isScales(value: unknown): value is LatentScales {
  const { channelMean, channelStd, firstBatchStd } = (value ?? {}) as Partial<LatentScales>;
  const areNumbers = (list: unknown) => Array.isArray(list) && list.every(Number.isFinite);
  return (
    areNumbers(channelMean) &&
    areNumbers(channelStd) &&
    channelMean?.length === channelStd?.length &&
    Number.isFinite(firstBatchStd)
  );
}

function broken(file: string, why: string, cause?: unknown): DataError {
  return new DataError("ERR_DATASET_FORMAT", `${file} does not describe latents: ${why}.`, file, { cause });
}
