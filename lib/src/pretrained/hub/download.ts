import fs from "node:fs/promises";
import { download } from "../../download/download.js";
import { HubError } from "../../errors.js";
import { cachedRepository } from "./cache.js";
import { computeChecksum } from "./checksum.js";
import { type RemoteFile, refusal } from "./describe-files.js";
import { createGuardedFetch } from "./guarded-fetch.js";
import type { HubAccess } from "./options.js";

/**
 * Gets a file into the cache, where it is not there yet, and returns its path in the snapshot of the commit; only what has
 * the right checksum gets the blob's name.
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
  if (present?.size !== file.size) await downloadBlob(access, repository, commit, file, blob);
  await cache.link(commit, file.path, file.checksum);
  return cache.snapshot(commit, file.path);
}

async function downloadBlob(
  access: HubAccess,
  repository: string,
  commit: string,
  { path, size, checksum }: RemoteFile,
  blob: string,
): Promise<void> {
  const url = `${access.endpoint}/${repository}/resolve/${commit}/${path.split("/").map(encodeURIComponent).join("/")}`;
  let isSaid = false;
  const transfer = {
    size,
    async request(position: number, signal: AbortSignal) {
      if (!isSaid) access.report(`Loading ${repository}/${path} (${(size / 2 ** 20).toFixed(1)} MiB).`);
      isSaid = true;
      const response = await createGuardedFetch({ ...access, signal })(url, {
        headers: position > 0 ? { Range: `bytes=${position}-` } : {},
      });
      if (response.ok) return response;
      await response.body?.cancel();
      throw refusal(response.status, url, repository, access.revision);
    },
    async verify(partial: string) {
      const found = await computeChecksum(partial, size, checksum);
      if (found === checksum) return;
      const message = `${url} came with the checksum ${found} instead of ${checksum}. It was thrown away; try again.`;
      throw new HubError("ERR_HUB_CHECKSUM", message, url);
    },
    brokenOff(position: number, cause?: unknown) {
      const message = `The connection broke off after ${position} of ${size} bytes of ${path}. Call again: it goes on from there.`;
      return new HubError("ERR_HUB_INCOMPLETE", message, url, { cause });
    },
    wrongLength(what: string) {
      const message = `${url} has ${size} bytes by the hub's own description and sends ${what}. Nothing of it was used.`;
      return new HubError("ERR_HUB_ANSWER", message, url);
    },
  };
  await download(blob, transfer, access.signal);
}
