import fs from "node:fs/promises";
import path from "node:path";
import { DiskError } from "./errors.js";

/** The disk has no blocks or entries left, or this user may not have more of them. */
const codes = new Set(["ENOSPC", "EDQUOT"]);

/**
 * Runs what writes a file or makes a folder; where there is no room for it, the error says on which disk, how much is
 * left there and what to do.
 *
 * @param place the file or folder
 * @param remark a sentence on what has become of the data
 * @throws DiskError `ERR_DISK_FULL`, and whatever else `write` throws as it is
 */
export async function explainFullDisk<Result>(
  place: string,
  write: () => Promise<Result>,
  remark = "Nothing half-written was left.",
): Promise<Result> {
  try {
    return await write();
  } catch (cause) {
    // What was asked for is named, and not the temporary file of which that consists.
    const reason = cause instanceof DiskError ? cause.cause : cause;
    const { code } = reason as NodeJS.ErrnoException;
    if (!codes.has(code ?? "")) throw cause;
    const disk = code === "EDQUOT" ? "this user's share of the disk" : "the disk";
    throw new DiskError(
      "ERR_DISK_FULL",
      `${place} cannot be written: ${disk} of ${path.dirname(place)} has no room for it${await describeRoom(place)}. Make room there, or choose a folder on another disk, and try again. ${remark}`,
      place,
      { cause: reason },
    );
  }
}

/** Makes a folder, and those above it, where they are missing. */
export async function makeFolder(folder: string): Promise<void> {
  await explainFullDisk(folder, () => fs.mkdir(folder, { recursive: true }));
}

/** Free space of the nearest folder that is there. */
async function describeRoom(place: string): Promise<string> {
  const folder = path.dirname(place);
  const room = await fs.statfs(folder).catch(() => undefined);
  if (room) return ` (${((room.bavail * room.bsize) / 1e6).toFixed(1)} MB are free)`;
  return folder === place ? "" : describeRoom(folder);
}
