import { findKernelSession } from "../session/kernel-session.js";

const neverAborted = new AbortController().signal;

export interface CellContext {
  /**
   * Aborted with a `KeyboardInterrupt` when the reader interrupts the running cell; never in plain Node. Code that
   * takes it promises to look at it: the kernel then waits up to three seconds before it throws the interrupt into what the cell awaits.
   */
  readonly signal: AbortSignal;
}

/** The cell whose code is calling. */
export const cell: CellContext = {
  get signal(): AbortSignal {
    return findKernelSession()?.takeSignal() ?? neverAborted;
  },
};

/** Waits `durationMs`; rejects with a `KeyboardInterrupt` when the cell is interrupted. */
export function sleep(durationMs: number): Promise<void> {
  const signal = findKernelSession()?.peekSignal() ?? neverAborted;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, durationMs);
    signal.addEventListener("abort", stop, { once: true });
  });
}
