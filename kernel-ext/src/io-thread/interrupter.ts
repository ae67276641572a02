import { Session } from "node:inspector";
import type { ExecutionGate } from "../threads/execution-gate.js";
import type { MainThread } from "./main-thread.js";

/** A main thread that does not answer within this time is busy with synchronous code. */
const acknowledgeMs = 120;
/** Code that has taken `cell.signal` is trusted to look at it between two steps, which may be long. */
const cooperativeMs = 3000;

/**
 * Stops the running cell: politely where the main thread still listens, else by terminating its JavaScript
 * through the inspector. State made by earlier code is kept in both cases.
 */
export class Interrupter {
  readonly #mainThread: MainThread;
  readonly #gate: ExecutionGate;
  readonly #inspector = new Session();
  #waiting = false;
  #insist = false;

  constructor(mainThread: MainThread, gate: ExecutionGate) {
    this.#mainThread = mainThread;
    this.#gate = gate;
    // Connecting takes the main thread's help, so it cannot wait until the main thread is blocked.
    this.#inspector.connectToMainThread();
  }

  /** A process with a connected inspector does not exit. */
  close(): void {
    this.#inspector.disconnect();
  }

  async interrupt(): Promise<void> {
    if (this.#waiting) {
      this.#insist = true;
      return;
    }
    this.#waiting = true;
    this.#insist = false;
    try {
      await this.#interruptUntilHeard();
    } finally {
      this.#waiting = false;
    }
  }

  async #interruptUntilHeard(): Promise<void> {
    const startMs = performance.now();
    while (!(await this.#mainThread.interrupt(acknowledgeMs))) {
      const waitedMs = performance.now() - startMs;
      const patient = this.#gate.cooperative && waitedMs < cooperativeMs && !this.#insist;
      if (!patient) await this.#terminate();
    }
  }

  #terminate(): Promise<void> {
    if (!this.#gate.beginTermination()) return Promise.resolve();
    return new Promise((resolve) => {
      // The answer comes when the termination has happened, or when one was already under way.
      this.#inspector.post("Runtime.terminateExecution", () => {
        this.#gate.endTermination();
        resolve();
      });
    });
  }
}
