import fs, { type FileHandle } from "node:fs/promises";
import path from "node:path";
import { HubError } from "../../errors.js";
import { cachedRepository } from "./cache.js";
import { computeChecksum } from "./checksum.js";
import { type RemoteFile, refusal } from "./describe-files.js";
import { createGuardedFetch } from "./guarded-fetch.js";
import type { HubAccess } from "./options.js";
import { claimPartial, releasePartial } from "./partial.js";
import { share } from "./share.js";

/** Of one file, with what has come so far kept in between. */
const maxTries = 3;

/**
 * Gets a file into the cache, where it is not there yet, and returns its path in the snapshot of the commit. A download
 * that broke off goes on where it stopped, also in the next process; only what has the right checksum gets the blob's
 * name. Loads in one process share a download; in two processes each has its own.
 *
 * The package's own `downloadFileToCacheDir` neither resumes nor compares checksums.
 *
 * @throws HubError `ERR_HUB_INCOMPLETE`, `ERR_HUB_CHECKSUM`, `ERR_HUB_ANSWER` and those of `refusal` and `guarded-fetch`
 */
export async function downloadToCache(
  access: HubAccess,
  repository: string,
  commit: string,
  file: RemoteFile,
): Promise<string> {
  const cache = cachedRepository(access, repository);
  const blob = cache.blob(file.checksum);
  const present = await fs.stat(blob).catch(() => undefined);
  if (present?.size !== file.size) {
    const url = `${access.endpoint}/${repository}/resolve/${commit}/${file.path.split("/").map(encodeURIComponent).join("/")}`;
    await share(blob, access.signal, (signal) =>
      downloadBlob({ ...access, signal }, repository, url, blob, file),
    );
  }
  await cache.link(commit, file.path, file.checksum);
  return cache.snapshot(commit, file.path);
}

async function downloadBlob(
  access: HubAccess,
  repository: string,
  url: string,
  blob: string,
  file: RemoteFile,
): Promise<void> {
  await fs.mkdir(path.dirname(blob), { recursive: true });
  access.report(`Loading ${repository}/${file.path} (${(file.size / 2 ** 20).toFixed(1)} MiB).`);
  const partial = await claimPartial(blob);
  try {
    await complete(access, repository, url, partial, file);
    await fs.rename(partial, blob);
  } catch (error) {
    await releasePartial(partial, blob);
    throw error;
  }
}

/** Loads what is missing of the file, and compares its checksum. */
async function complete(
  access: HubAccess,
  repository: string,
  url: string,
  partial: string,
  file: RemoteFile,
): Promise<void> {
  const handle = await fs.open(partial, "a");
  try {
    for (let attempt = 1; (await handle.stat()).size !== file.size; attempt++) {
      await loadRest(access, repository, url, handle, file).catch((error) => {
        const mayGoOn = error instanceof HubError && error.code === "ERR_HUB_INCOMPLETE";
        if (!mayGoOn || attempt === maxTries) throw error;
      });
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  const found = await computeChecksum(partial, file.size, file.checksum);
  if (found !== file.checksum) {
    await fs.rm(partial, { force: true });
    const message = `${url} came with the checksum ${found} instead of ${file.checksum}. It was thrown away; try again.`;
    throw new HubError("ERR_HUB_CHECKSUM", message, url);
  }
}

/** Appends what is missing to the file. */
async function loadRest(
  access: HubAccess,
  repository: string,
  url: string,
  handle: FileHandle,
  file: RemoteFile,
): Promise<void> {
  let position = (await handle.stat()).size;
  if (position > file.size) position = await restart(handle);
  const response = await createGuardedFetch(access)(url, {
    headers: position > 0 ? { Range: `bytes=${position}-` } : {},
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw refusal(response.status, url, repository, access.revision);
  }
  if (position > 0 && response.status !== 206) position = await restart(handle); // it sends the whole file again
  requireLength(response, url, position, file);
  const reader = response.body?.getReader();
  while (position <= file.size) {
    const next = await reader?.read().catch((cause) => {
      if (access.signal?.aborted) throw cause;
      throw brokenOff(url, position, file, cause);
    });
    if (!next || next.done) break;
    await handle.appendFile(next.value);
    position += next.value.length;
  }
  if (position > file.size) {
    await reader?.cancel();
    await restart(handle);
    throw wrongLength(url, file, "more");
  }
  if (position < file.size) throw brokenOff(url, position, file);
}

function brokenOff(url: string, position: number, file: RemoteFile, cause?: unknown): HubError {
  const message = `The connection broke off after ${position} of ${file.size} bytes of ${file.path}. Call again: it goes on from there.`;
  return new HubError("ERR_HUB_INCOMPLETE", message, url, { cause });
}

/** Compares the lengths that the answer announces with the hub's description of the file. */
function requireLength(response: Response, url: string, position: number, file: RemoteFile): void {
  const range = response.headers.get("Content-Range");
  if (response.status === 206 && range !== `bytes ${position}-${file.size - 1}/${file.size}`) {
    throw wrongLength(url, file, `the range ${range}`);
  }
  const length = response.headers.get("Content-Length");
  const isEncoded = (response.headers.get("Content-Encoding") ?? "identity") !== "identity";
  if (length !== null && !isEncoded && Number(length) !== file.size - position) {
    throw wrongLength(url, file, `${length} bytes from byte ${position} on`);
  }
}

function wrongLength(url: string, file: RemoteFile, what: string): HubError {
  const message = `${url} has ${file.size} bytes by the hub's own description and sends ${what}. Nothing of it was used.`;
  return new HubError("ERR_HUB_ANSWER", message, url);
}

async function restart(handle: FileHandle): Promise<0> {
  await handle.truncate(0);
  return 0;
}
