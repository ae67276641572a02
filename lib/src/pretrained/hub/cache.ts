import fs from "node:fs/promises";
import path from "node:path";
import { getRepoFolderName } from "@huggingface/hub";
import { explainFullDisk, makeFolder } from "../../full-disk.js";
import { writeAtomically } from "../../safetensors/index.js";
import type { HubAccess } from "./options.js";

/**
 * One repository in the cache, laid out as all of the hub's clients do: `blobs/<checksum>` hold the files, `snapshots/
 * <commit>/<path>` are links to them, `refs/<revision>` hold the commit that a branch had last.
 */
export interface CachedRepository {
  blob(checksum: string): string;
  snapshot(commit: string, file: string): string;
  /** Makes the blob a file of the commit. */
  link(commit: string, file: string, checksum: string): Promise<void>;
  readRef(revision: string): Promise<string | undefined>;
  writeRef(revision: string, commit: string): Promise<void>;
}

export function isCommit(text: unknown): text is string {
  return typeof text === "string" && /^[0-9a-f]{40}$/.test(text);
}

/** @param repository has passed `isRepositoryId`; commits and checksums are hexadecimal, files from `candidateFiles` */
export function cachedRepository({ cacheFolder }: HubAccess, repository: string): CachedRepository {
  const folder = path.join(cacheFolder, getRepoFolderName({ type: "model", name: repository }));
  const blob = (checksum: string) => path.join(folder, "blobs", checksum);
  const snapshot = (commit: string, file: string) => path.join(folder, "snapshots", commit, file);
  const ref = (revision: string) => path.join(folder, "refs", revision);
  return {
    blob,
    snapshot,
    async link(commit, file, checksum) {
      const link = snapshot(commit, file);
      await makeFolder(path.dirname(link));
      const target = path.relative(path.dirname(link), blob(checksum));
      if ((await fs.readlink(link).catch(() => undefined)) === target) return;
      await fs.rm(link, { force: true });
      // Windows lets only some users make links: then it is a second copy, as with the hub's Python client.
      await explainFullDisk(link, () =>
        fs.symlink(target, link).catch((error) => {
          if (error.code === "EPERM") return fs.copyFile(blob(checksum), link);
          if (error.code !== "EEXIST") throw error; // made meanwhile by someone else who loads the same
        }),
      );
    },
    async readRef(revision) {
      if (isCommit(revision)) return revision;
      const text = await fs.readFile(ref(revision), "utf8").catch(() => "");
      return isCommit(text.trim()) ? text.trim() : undefined;
    },
    async writeRef(revision, commit) {
      if (isCommit(revision)) return;
      await makeFolder(path.dirname(ref(revision)));
      await writeAtomically(ref(revision), async (handle) => {
        await handle.writeFile(commit);
      });
    },
  };
}
