import type { EngineOfRun } from "./engine-of-run.js";
import type { JournalEntry } from "./steering.js";

/** What `state.json` says besides the numbers. */
export interface Description {
  /** What the training was started with; it has to be the same when it is resumed. */
  options: Record<string, unknown>;
  journal: readonly JournalEntry[];
  engine: EngineOfRun;
}

export interface CheckpointText extends Description {
  version: 1;
  step: number;
  noisePosition: number;
  /** ISO 8601 */
  time: string;
  networks: Record<string, { updates: number; averages: string[] }>;
}

/** What `state.json` holds; nothing where any of it is missing or of another kind. */
export function parseCheckpointText(text: string): CheckpointText | undefined {
  const state = parseJson(text);
  if (!isRecord(state)) return undefined;
  const { version, step, noisePosition, time, networks, options, journal, engine } = state;
  const isWhole =
    version === 1 &&
    [step, noisePosition].every(isCount) &&
    typeof time === "string" &&
    isRecord(options) &&
    isRecord(networks) &&
    Object.values(networks).every(isNetwork) &&
    isJournal(journal) &&
    isRecord(engine) &&
    ["name", "version", "device", "precision"].every((field) => typeof engine[field] === "string") &&
    typeof engine.deterministic === "boolean";
  return isWhole ? (state as unknown as CheckpointText) : undefined;
}

/** What `journal.json` holds; nothing where it is something else. */
export function parseJournal(text: string): JournalEntry[] | undefined {
  const journal = parseJson(text);
  return isJournal(journal) ? journal : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isJournal(value: unknown): value is JournalEntry[] {
  return (
    Array.isArray(value) &&
    value.every(
      (entry) =>
        isRecord(entry) &&
        isCount(entry.step) &&
        [entry.time, entry.what].every((field) => typeof field === "string") &&
        [entry.from, entry.to].every(Number.isFinite),
    )
  );
}

function isNetwork(value: unknown): boolean {
  return (
    isRecord(value) &&
    isCount(value.updates) &&
    Array.isArray(value.averages) &&
    value.averages.every((name) => typeof name === "string")
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
