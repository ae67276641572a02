import { setTimeout as sleep } from "node:timers/promises";
import type { ExecutionGate } from "../threads/execution-gate.js";
import type { MainThread } from "./main-thread.js";
import { Terminator } from "./terminator.js";

/** A main thread that does not answer within this time is busy with synchronous code. */
const acknowledgeMs = 120;
/** Code that has taken `cell.signal` is trusted to look at it between two steps, which may be long. */
const cooperativeMs = 3000;

/**
 * Stops the running cell: politely where the main thread still listens, else by terminating its JavaScript
 * through the inspector. State made by earlier code is kept in both cases. A package that does not return is terminated
 * at the second interrupt only, since that may leave it in disorder.
 */
export class Interrupter {
  readonly #mainThread: MainThread;
  readonly #gate: ExecutionGate;
  readonly #terminator: Terminator;
  #waiting = false;
  #interruptId = 0;
  #closed = false;

  readonly #onNativeCall: () => void;

  /** @param onNativeCall told, once for an interrupt, that the cell is in a call that nothing can interrupt */
  constructor(mainThread: MainThread, gate: ExecutionGate, onNativeCall: () => void) {
    this.#mainThread = mainThread;
    this.#gate = gate;
    this.#onNativeCall = onNativeCall;
    this.#terminator = new Terminator(gate);
  }

  close(): void {
    this.#closed = true;
    this.#terminator.close();
  }

  async interrupt(): Promise<void> {
    this.#interruptId++;
    this.#gate.interruptRequested = true;
    if (this.#waiting) return;
    this.#waiting = true;
    try {
      await this.#interruptUntilHeard();
    } finally {
      this.#waiting = false;
    }
  }

  async #interruptUntilHeard(): Promise<void> {
    const firstId = this.#interruptId;
    const startMs = performance.now();
    let [heard, reported] = [false, false];
    const ask = () =>
      this.#mainThread.interrupt(this.#interruptId).then(() => {
        heard = true;
      });
    let acknowledged = ask();
    while (true) {
      await Promise.race([acknowledged, sleep(acknowledgeMs)]);
      if (heard) return;
      const insisted = this.#interruptId !== firstId;
      const patient = this.#gate.cooperative && !insisted && performance.now() - startMs < cooperativeMs;
      if (this.#closed) return;
      if (patient) continue;
      const termination = await this.#terminator.terminate(() => !heard, insisted);
      if (termination === "native" && !reported) {
        reported = true;
        this.#onNativeCall();
      }
      if (termination !== "terminated") continue;
      // The termination may have hit the very code that was to hear the question.
      acknowledged = ask();
    }
  }
}
