import { randomBytes } from "node:crypto";
import fs, { type FileHandle } from "node:fs/promises";
import path from "node:path";
import { explainFullDisk } from "../full-disk.js";
import { requirePath } from "../options.js";

/**
 * Writes a file so that, whatever happens meanwhile, there is either the old one or the whole new one: a temporary
 * file in the same folder, on the disk before it takes the name.
 *
 * @param write gets the temporary file, open for writing
 * @throws ConfigError for an empty path; DiskError `ERR_DISK_FULL`; what `write` and the file system throw, with the old file as it was
 */
export async function writeAtomically(
  file: string,
  write: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  requirePath("file", file);
  await explainFullDisk(file, () => writeBeside(file, write));
}

async function writeBeside(file: string, write: (handle: FileHandle) => Promise<void>): Promise<void> {
  const folder = path.dirname(file);
  const temporary = path.join(folder, `.${path.basename(file)}.${randomBytes(6).toString("hex")}.tmp`);
  const handle = await fs.open(temporary, "wx");
  try {
    try {
      await write(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await fs.rename(temporary, file);
  } catch (error) {
    await fs.rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** The new name, too, has to reach the disk. Windows cannot do that with folders, and need not. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await fs.open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
