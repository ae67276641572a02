import { writeSync } from "node:fs";

/** Standard error as Jupyter gave it to the kernel; 2 itself may lead to the notebook by now. */
let terminal: number | undefined = 2;

/** @param fd undefined where there is none to write to */
export function setTerminal(fd: number | undefined): void {
  terminal = fd;
}

/** For whoever runs the server. (`console.error` would end up in the notebook.) */
export function logToTerminal(text: string): void {
  if (terminal === undefined) return;
  try {
    writeSync(terminal, `latentlab kernel: ${text}\n`);
  } catch {
    // The terminal is gone; there is nobody left to tell.
  }
}
