import { writeSync } from "node:fs";

/** For whoever runs the server. (`console.error` of a worker thread would end up in the notebook.) */
export function logToTerminal(text: string): void {
  try {
    writeSync(2, `latentlab kernel: ${text}\n`);
  } catch {
    // The terminal is gone; there is nobody left to tell.
  }
}
