import { rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { describeDeath, readOutOfMemoryCount } from "./describe-death.js";
import type { ToWitness } from "./messages.js";
import { publishLastWords } from "./publish-last-words.js";

/**
 * A process beside the kernel's. A kernel that runs out of memory, or whose native code crashes, cannot say so itself:
 * when the pipe from it ends without a good-bye, this tells the cell that ran. However the kernel ended, its folder goes.
 */
const before = readOutOfMemoryCount();
let start: Extract<ToWitness, { kind: "start" }> | undefined;
let dismissed = false;
let running: Extract<ToWitness, { kind: "cell" }> | undefined;

// Jupyter's interrupts and the terminal's are the kernel's affair.
for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => {});

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line) as ToWitness;
  if (message.kind === "start") start = message;
  else if (message.kind === "cell") running = message;
  else if (message.kind === "idle") running = undefined;
  else dismissed = true;
}

if (start && running && !dismissed) {
  const text = describeDeath(start.nativeOutput?.stderr, before, readOutOfMemoryCount());
  await publishLastWords(start.connection, running.header, text);
}
if (start?.nativeOutput) rmSync(start.nativeOutput.folder, { recursive: true, force: true });
process.exit(0);
