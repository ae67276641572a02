import { HubApiError, modelInfo, pathsInfo } from "@huggingface/hub";
import { HubError } from "../../errors.js";
import { isCommit } from "./cache.js";
import { createGuardedFetch } from "./guarded-fetch.js";
import type { HubAccess } from "./options.js";

/** One file as the hub describes it. */
export interface RemoteFile {
  path: string;
  /** Bytes. */
  size: number;
  /** Hexadecimal: SHA-256 of large files (64 digits), git's SHA-1 of small ones (40). Names the blob in the cache. */
  checksum: string;
}

export interface RemoteRevision {
  commit: string;
  licence: string | undefined;
}

/** The commit that the revision is at, and the licence in the repository's model card. */
export async function describeRevision(access: HubAccess, repository: string): Promise<RemoteRevision> {
  const { endpoint, revision } = access;
  const info = await ask(access, repository, () =>
    modelInfo({
      name: repository,
      revision,
      hubUrl: endpoint,
      additionalFields: ["sha", "cardData"],
      fetch: createGuardedFetch(access),
    }),
  );
  if (!isCommit(info.sha)) throw badAnswer(endpoint, repository, `the commit ${JSON.stringify(info.sha)}`);
  const card = info.cardData as { license?: unknown; license_name?: unknown } | undefined;
  const licence = card?.license === "other" ? (card.license_name ?? card.license) : card?.license;
  return { commit: info.sha, licence: typeof licence === "string" ? licence : undefined };
}

/** Those of the files that the commit has. */
export async function describeFiles(
  access: HubAccess,
  repository: string,
  commit: string,
  paths: string[],
): Promise<RemoteFile[]> {
  const { endpoint } = access;
  const infos = await ask(access, repository, () =>
    pathsInfo({
      repo: { type: "model", name: repository },
      paths,
      revision: commit,
      hubUrl: endpoint,
      fetch: createGuardedFetch(access),
    }),
  );
  return infos.map(({ path, size, oid, lfs }) => {
    // Paths become names in the cache: only what was asked for can be meant.
    if (!paths.includes(path) || !canBeFile(path))
      throw badAnswer(endpoint, repository, `the file ${JSON.stringify(path)}`);
    const checksum = lfs ? lfs.oid : oid;
    const isChecksum = typeof checksum === "string" && /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(checksum);
    if (!isChecksum || !Number.isSafeInteger(size) || size < 0) {
      throw badAnswer(endpoint, repository, `${path} with checksum ${checksum} and ${size} bytes`);
    }
    return { path, size, checksum };
  });
}

/** Whether file systems and addresses can hold the name: lists of parts come from the hub, too. */
function canBeFile(path: string): boolean {
  return !/\p{Surrogate}/u.test(path) && path.split("/").every((name) => Buffer.byteLength(name) <= 255);
}

function badAnswer(endpoint: string, repository: string, what: string): HubError {
  const message = `${endpoint} answered for ${repository} with ${what}, which cannot be. Check HF_ENDPOINT.`;
  return new HubError("ERR_HUB_ANSWER", message, endpoint);
}

async function ask<Result>(
  { endpoint, signal, revision }: HubAccess,
  repository: string,
  question: () => Promise<Result>,
): Promise<Result> {
  try {
    return await question();
  } catch (error) {
    if (error instanceof HubError || signal?.aborted) throw error;
    if (error instanceof HubApiError) throw refusal(error.statusCode, error.url, repository, revision);
    throw new HubError(
      "ERR_HUB_ANSWER",
      `${endpoint} answered for ${repository} with something that is no answer (${(error as Error).message}). Check HF_ENDPOINT.`,
      endpoint,
      { cause: error },
    );
  }
}

/** The error for a status other than success. */
export function refusal(status: number, url: string, repository: string, revision: string): HubError {
  const page = `https://huggingface.co/${repository}`;
  if (status === 401 || status === 403) {
    return new HubError(
      "ERR_HUB_DENIED",
      `The hub does not hand out ${repository} (status ${status}). Check the name; if it is private or asks to accept its licence (${page}), do that and give an access token as HF_TOKEN.`,
      url,
    );
  }
  if (status === 404) {
    const message = `The hub has no model repository ${repository} at revision "${revision}". Check the name at ${page}.`;
    return new HubError("ERR_HUB_NOT_FOUND", message, url);
  }
  if (status === 429 || status >= 500) {
    const message = `The hub cannot answer now (status ${status}). Try again later, or use what is in the cache with HF_HUB_OFFLINE=1.`;
    return new HubError("ERR_HUB_UNAVAILABLE", message, url);
  }
  return new HubError("ERR_HUB_ANSWER", `The hub answered with status ${status}. Check HF_ENDPOINT.`, url);
}
