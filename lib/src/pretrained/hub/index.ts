import fs from "node:fs/promises";
import path from "node:path";
import { ConfigError, HubError } from "../../errors.js";
import { parseWeightMap } from "../../safetensors/sharded.js";
import { candidateFiles, chooseFiles, type FileChoice, indexEnding } from "../files.js";
import { cachedRepository } from "./cache.js";
import { describeFiles, describeRevision, type RemoteFile } from "./describe-files.js";
import { downloadToCache } from "./download.js";
import { completeHubOptions, type HubAccess, type HubOptions, isRepositoryId } from "./options.js";

export { type HubOptions, isRepositoryId } from "./options.js";

/** Files of a repository in the cache. */
export interface FetchedModel {
  configFile: string;
  weightsFile: string;
  commit: string;
  licence: string | undefined;
}

/** Config and list of parts are read into memory: this much of them. */
const maxJsonBytes = 16 * 2 ** 20;

/**
 * Gets the config and the weights of one model into the cache. Where the hub cannot be reached, what the cache holds of
 * the revision does, with a sentence to `report`.
 */
export async function fetchModel(
  repository: string,
  options: HubOptions & FileChoice,
): Promise<FetchedModel> {
  if (!isRepositoryId(repository)) {
    const message = `"${repository}" is no repository of the Hugging Face Hub: those are called owner/name.`;
    throw new HubError("ERR_HUB_REPOSITORY_ID", message);
  }
  const access = completeHubOptions(options);
  if (access.offline) return findInCache(access, repository, options);
  try {
    return await fetchFromHub(access, repository, options);
  } catch (error) {
    if (!(error instanceof HubError) || error.code !== "ERR_HUB_UNAVAILABLE") throw error;
    const cached = await findInCache(access, repository, options).catch(() => undefined);
    if (!cached) throw error;
    access.report(
      `The hub cannot be reached; ${repository} comes from the cache. What it was: ${error.message}`,
    );
    return cached;
  }
}

async function fetchFromHub(
  access: HubAccess,
  repository: string,
  choice: FileChoice,
): Promise<FetchedModel> {
  const { commit, licence } = await describeRevision(access, repository);
  const described = await describeFiles(access, repository, commit, candidateFiles(choice));
  const files = new Map(described.map((file) => [file.path, file]));
  const chosen = chooseFiles(new Set(files.keys()), choice, repository);
  const load = async (file: string) => {
    const remote = files.get(file) as RemoteFile;
    if (file.endsWith(".json") && remote.size > maxJsonBytes) {
      const message = `${file} of ${repository} has ${remote.size} bytes, more than the limit of ${maxJsonBytes}.`;
      throw new HubError("ERR_HUB_ANSWER", message, access.endpoint);
    }
    return downloadToCache(access, repository, commit, remote);
  };
  const configFile = await load(chosen.config);
  const weightsFile = await load(chosen.weights);
  if (indexEnding.test(weightsFile)) {
    const parts = await listParts(weightsFile, chosen.weights);
    const remotes = await describeFiles(access, repository, commit, parts);
    const missing = parts.find((part) => !remotes.some((remote) => remote.path === part));
    if (missing !== undefined) {
      const message = `${repository} lacks ${missing}, which its ${chosen.weights} lists.`;
      throw new HubError("ERR_HUB_NOT_FOUND", message, access.endpoint);
    }
    for (const remote of remotes) await downloadToCache(access, repository, commit, remote);
  }
  const cache = cachedRepository(access, repository);
  await cache.writeRef(access.revision, commit);
  return { configFile, weightsFile, commit, licence };
}

/** @throws HubError `ERR_HUB_OFFLINE` where the cache does not hold all of it */
async function findInCache(access: HubAccess, repository: string, choice: FileChoice): Promise<FetchedModel> {
  const cache = cachedRepository(access, repository);
  const commit = await cache.readRef(access.revision);
  const exists = async (file: string) =>
    commit !== undefined && (await fs.stat(cache.snapshot(commit, file)).catch(() => undefined))?.isFile();
  const available = new Set<string>();
  for (const file of candidateFiles(choice)) if (await exists(file)) available.add(file);
  const missing = (what: string, cause?: unknown) =>
    new HubError(
      "ERR_HUB_OFFLINE",
      `The cache (${access.cacheFolder}) lacks ${what}, and the hub was not to be asked. Load it once without HF_HUB_OFFLINE.`,
      undefined,
      { cause },
    );
  if (commit === undefined) throw missing(`${repository} at revision "${access.revision}"`);
  try {
    const { config, weights } = chooseFiles(available, choice, repository);
    const [configFile, weightsFile] = [cache.snapshot(commit, config), cache.snapshot(commit, weights)];
    const parts = indexEnding.test(weights) ? await listParts(weightsFile, weights) : [];
    for (const part of parts) if (!(await exists(part))) throw missing(part);
    return { configFile, weightsFile, commit, licence: undefined };
  } catch (error) {
    if (error instanceof HubError || error instanceof ConfigError) throw error;
    throw missing(`parts of ${repository} (${(error as Error).message})`, error);
  }
}

/** The paths in the repository of the files that a list names. */
async function listParts(indexFile: string, pathInRepository: string): Promise<string[]> {
  const parts = new Set(parseWeightMap(await fs.readFile(indexFile, "utf8"), indexFile).values());
  return [...parts].map((part) => path.posix.join(path.posix.dirname(pathInRepository), part));
}
