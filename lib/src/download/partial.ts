import { randomUUID } from "node:crypto";
import fs from "node:fs/promises";
import path from "node:path";
import { isAlive, thisHost } from "../processes.js";

/** What has come of a blob while nobody loads it. Not `<blob>.incomplete`: that may be in the Python client's hands. */
const atRest = (blob: string) => `${blob}.latentlab.incomplete`;

/**
 * Makes what has come of a blob this download's own, and returns its name; where there is nothing, a name for it. No
 * two downloads, in whatever process, get the same name: a rename succeeds for one of them only. What a process that
 * is no more has left behind is taken over.
 */
export async function claimPartial(blob: string): Promise<string> {
  const own = `${blob}.latentlab.${thisHost}.${process.pid}.${randomUUID()}.incomplete`;
  for (const candidate of [atRest(blob), ...(await findAbandoned(blob))]) {
    const isClaimed = await fs.rename(candidate, own).then(
      () => true,
      () => false, // not there, or somebody else was quicker
    );
    if (isClaimed) break;
  }
  return own;
}

/** Leaves what has come for the next download, unless another one has left more. */
export async function releasePartial(partial: string, blob: string): Promise<void> {
  const size = async (file: string) => (await fs.stat(file).catch(() => undefined))?.size ?? 0;
  if ((await size(partial)) > (await size(atRest(blob)))) await fs.rename(partial, atRest(blob));
  else await fs.rm(partial, { force: true });
}

async function findAbandoned(blob: string): Promise<string[]> {
  const folder = path.dirname(blob);
  const start = `${path.basename(blob)}.latentlab.${thisHost}.`;
  const names = (await fs.readdir(folder)).filter((name) => name.startsWith(start));
  return names
    .filter((name) => !isAlive(Number.parseInt(name.slice(start.length), 10)))
    .map((name) => path.join(folder, name));
}
