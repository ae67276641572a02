import { randomBytes } from "node:crypto";
import fs from "node:fs/promises";
import path from "node:path";
import { RunError } from "../errors.js";
import { explainFullDisk, makeFolder } from "../full-disk.js";
import { syncFolder, writeAtomically } from "../safetensors/index.js";
import type { TrainingState } from "./checkpoint.js";
import { readCheckpoint, writeCheckpoint } from "./checkpoint-files.js";
import { type CheckpointText, type Description, parseJournal } from "./checkpoint-text.js";
import { lockFolder } from "./run-lock.js";
import type { JournalEntry } from "./steering.js";
import type { Turn } from "./turn.js";

/**
 * Where a training keeps what has to outlast the process:
 *
 *     metrics.jsonl                          a line a step
 *     journal.json                           what was changed while it ran
 *     .lock.*                                while a training goes on: which process it is in
 *     checkpoints/000012-step-3400/          the newest has the highest first number
 *       state.json                           step, noise, journal, options, engine
 *       <network>.safetensors                weights
 *       <network>.optimizer.safetensors      Adam's means
 *       <network>.average.<name>.safetensors
 *
 * A checkpoint is written under another name, and on the disk before the folder gets its own: that one renaming is when it
 * comes to be. Whatever is there under its own name is whole.
 */
export interface RunFolder {
  readonly metricsFile: string;
  /** The newest checkpoint, where there is one. */
  readonly found: { state: TrainingState; text: CheckpointText; folder: string } | undefined;
  /** The journal as it was last written. */
  readonly journal: readonly JournalEntry[];
  writeJournal(journal: readonly JournalEntry[]): Promise<void>;
  /**
   * @returns the new checkpoint's folder; older ones than the last `keep` are removed
   * @throws DiskError `ERR_DISK_FULL`; the older ones are all there then
   */
  writeCheckpoint(state: TrainingState, description: Description): Promise<string>;
  /** Lets other trainings in. */
  close(): Promise<void>;
}

export interface RunFolderOptions {
  /** Whether to go on with what the folder holds; without it, a folder with checkpoints is refused. */
  resume: boolean;
  keep: number;
}

const checkpointName = /^(\d+)-step-\d+$/;

/**
 * @throws DiskError `ERR_DISK_FULL`; RunError `ERR_RUN_EXISTS`, `ERR_RUN_IN_USE`, and `ERR_RUN_DAMAGED` or `ERR_RUN_MISMATCH` for a checkpoint that cannot be used
 */
export async function openRunFolder(
  folder: string,
  turns: readonly Turn[],
  options: RunFolderOptions,
): Promise<RunFolder> {
  await makeFolder(path.join(folder, "checkpoints"));
  const close = await lockFolder(folder);
  try {
    return { ...(await openLocked(folder, turns, options)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openLocked(
  folder: string,
  turns: readonly Turn[],
  { resume, keep }: RunFolderOptions,
): Promise<Omit<RunFolder, "close">> {
  const checkpoints = path.join(folder, "checkpoints");
  const journalFile = path.join(folder, "journal.json");
  let names = await listCheckpoints(checkpoints);
  const newest = names.at(-1);
  if (newest && !resume) {
    const message = `${folder} holds a training already. Go on with it by resume: true, or take another folder.`;
    throw new RunError("ERR_RUN_EXISTS", message, folder);
  }
  await removeLeftovers(folder);
  await removeLeftovers(checkpoints);
  let found: RunFolder["found"];
  if (newest) {
    const place = path.join(checkpoints, newest);
    found = { ...(await readCheckpoint(place, turns)), folder: place };
  }

  return {
    metricsFile: path.join(folder, "metrics.jsonl"),
    found,
    journal: found ? ((await readJournal(journalFile)) ?? found.text.journal) : [],
    writeJournal: (journal) =>
      writeAtomically(journalFile, async (handle) => {
        await handle.writeFile(`${JSON.stringify(journal, null, 2)}\n`);
      }),
    async writeCheckpoint(state, description) {
      const number = 1 + Number(names.at(-1)?.match(checkpointName)?.[1] ?? 0);
      const name = `${String(number).padStart(6, "0")}-step-${state.step}`;
      const temporary = path.join(checkpoints, temporaryName(name));
      const place = path.join(checkpoints, name);
      try {
        await explainFullDisk(place, async () => {
          await fs.mkdir(temporary);
          await writeCheckpoint(temporary, state, turns, description);
          await fs.rename(temporary, place);
        });
      } catch (error) {
        await fs.rm(temporary, { recursive: true, force: true });
        throw error;
      }
      await syncFolder(checkpoints);
      names = [...names, name];
      for (const old of names.splice(0, Math.max(names.length - keep, 0))) await remove(checkpoints, old);
      return place;
    },
  };
}

/** Oldest first. */
async function listCheckpoints(folder: string): Promise<string[]> {
  const numberOf = (name: string) => Number(name.match(checkpointName)?.[1]);
  const names = (await fs.readdir(folder)).filter((name) => checkpointName.test(name));
  return names.sort((a, b) => numberOf(a) - numberOf(b));
}

function temporaryName(name: string): string {
  return `.${name}.${randomBytes(6).toString("hex")}.tmp`;
}

/** Loses its name first: half a checkpoint is never taken for one. */
async function remove(folder: string, name: string): Promise<void> {
  const temporary = path.join(folder, temporaryName(name));
  await fs.rename(path.join(folder, name), temporary);
  await fs.rm(temporary, { recursive: true, force: true });
}

/** What a process that was killed while writing has left. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await fs.readdir(folder)) {
    if (!/^\..+\.[0-9a-f]{12}\.tmp$/.test(name)) continue;
    await fs.rm(path.join(folder, name), { recursive: true, force: true });
  }
}

async function readJournal(file: string): Promise<JournalEntry[] | undefined> {
  const text = await fs.readFile(file, "utf8").catch((error) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const journal = parseJournal(text);
  if (journal) return journal;
  const message = `${file} is no journal. Remove it to go on with the journal in the last checkpoint.`;
  throw new RunError("ERR_RUN_DAMAGED", message, file);
}
