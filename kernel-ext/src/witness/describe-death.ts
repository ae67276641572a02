import { readFileSync } from "node:fs";
import path from "node:path";

const lastWordsChars = 4000;

const remedies = {
  heap: "JavaScript's heap was full. Keep less in variables, or give it more: NODE_OPTIONS=--max-old-space-size=8192 (in MB) when Jupyter is started.",
  native:
    "Memory outside of JavaScript's heap was used up, as tensors use it. Dispose of tensors (tf.tidy, tf.dispose), or lower batch or picture size.",
  system: "Dispose of tensors (tf.tidy, tf.dispose), lower batch or picture size, or end other programs.",
};

/** How many processes Linux has ended because memory was used up. */
export interface OutOfMemoryCount {
  /** Of the kernel's own control group, or of the whole machine. */
  scope: "group" | "machine";
  count: number;
}

/** Why the kernel died, as far as can be told. @param before when the kernel started */
export function describeDeath(
  stderrFile: string | undefined,
  before: OutOfMemoryCount,
  now: OutOfMemoryCount,
): string {
  const lastWords = stderrFile ? readText(stderrFile).slice(-lastWordsChars) : "";
  if (/heap out of memory|invalid (array|table) (length|size)/i.test(lastWords))
    return outOfMemory(remedies.heap);
  if (/bad_alloc|Cannot allocate memory|Array buffer allocation failed/i.test(lastWords))
    return outOfMemory(remedies.native);
  if (now.count > before.count) return endedBySystem(now.scope);
  const said = lastWords.trim() && `\n\nIts last words:\n${lastWords.trim()}`;
  return `The kernel's process ended unexpectedly while this cell ran; its variables are gone.${said}`;
}

const outOfMemory = (remedy: string) =>
  `The kernel ran out of memory and has ended; its variables are gone.\n${remedy}`;

/** A machine has many programs: which of them was ended nobody knows. */
const endedBySystem = (scope: OutOfMemoryCount["scope"]) =>
  `The system ran out of memory and ${scope === "group" ? "has" : "has probably"} ended the kernel; its variables are gone.\n${remedies.system}`;

/** @param root of the file system; 0 where nobody counts */
export function readOutOfMemoryCount(root = "/"): OutOfMemoryCount {
  const group = /^0::(.*)$/m.exec(readText(path.join(root, "proc/self/cgroup")))?.[1];
  const ofGroup = group && readCount(path.join(root, "sys/fs/cgroup", group, "memory.events"));
  if (typeof ofGroup === "number") return { scope: "group", count: ofGroup };
  return { scope: "machine", count: readCount(path.join(root, "proc/vmstat")) ?? 0 };
}

function readCount(file: string): number | undefined {
  const count = /^oom_kill (\d+)$/m.exec(readText(file))?.[1];
  return count === undefined ? undefined : Number(count);
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
