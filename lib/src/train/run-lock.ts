import { randomUUID } from "node:crypto";
import fs from "node:fs/promises";
import path from "node:path";
import { RunError } from "../errors.js";
import { explainFullDisk } from "../full-disk.js";
import { isAlive, thisHost } from "../processes.js";

/** Locks of this process, by path. */
const held = new Set<string>();
const lockName = /^\.lock\.([0-9a-f]{8})\.(\d+)\.[0-9a-f-]{36}$/;

/**
 * Keeps other trainings, of this process or another, out of a folder until the returned function is called. A lock that a
 * killed process has left does not count, and is removed.
 *
 * Everyone puts down a file of their own first and looks at the others' then, so that of two at most one goes on.
 *
 * @throws RunError `ERR_RUN_IN_USE`
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const own = path.join(await fs.realpath(folder), `.lock.${thisHost}.${process.pid}.${randomUUID()}`);
  const release = async () => {
    held.delete(own);
    await fs.rm(own, { force: true });
  };
  held.add(own);
  try {
    await explainFullDisk(own, () => fs.writeFile(own, "", { flag: "wx" }));
    for (const name of await fs.readdir(path.dirname(own))) {
      const file = path.join(path.dirname(own), name);
      const [, host, pid] = name.match(lockName) ?? [];
      if (pid === undefined || file === own) continue;
      if (host === thisHost && !isHolding(file, Number(pid))) {
        await fs.rm(file, { force: true });
        continue;
      }
      const elsewhere =
        "of another computer, or of this one under another name (a container has a new one at every start)";
      const where = host === thisHost ? `process ${pid}` : `process ${pid} ${elsewhere}`;
      const message = `${folder} is in use by a training in ${where}. Wait for its end, stop it, or take another folder. To unlock the folder where there is no such training any more, remove ${file}.`;
      throw new RunError("ERR_RUN_IN_USE", message, folder);
    }
  } catch (error) {
    await release();
    throw error;
  }
  return release;
}

/** A lock with this process's number may be an earlier process's: containers begin counting anew. */
function isHolding(file: string, pid: number): boolean {
  return pid === process.pid ? held.has(file) : isAlive(pid);
}
