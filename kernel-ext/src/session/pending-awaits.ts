import { KeyboardInterrupt } from "./keyboard-interrupt.js";

interface PendingAwait {
  /** The turn in which the code came to it. */
  readonly turn: number;
  reject: (error: Error) => void;
}

/** Counts how often code has gone on after an `await`. */
let turn = 0;

/** The `await`s at which a cell's code stands, so that an interrupt can be thrown into one that does not end. */
export class PendingAwaits {
  readonly #pending = new Set<PendingAwait>();
  /** Those that stood there when the interrupt was thrown last; undefined before. */
  #old: ReadonlySet<PendingAwait> | undefined;

  /** Waits for `awaited`, or for an interrupt. */
  async wait<Value>(awaited: Value): Promise<Awaited<Value>> {
    const pending: PendingAwait = { turn, reject: () => {} };
    this.#pending.add(pending);
    try {
      // Like this, V8 finds those who wait for this function, for its stack traces.
      return await new Promise<Awaited<Value>>((resolve, reject) => {
        pending.reject = reject;
        Promise.resolve(awaited).then(resolve, reject);
      });
    } finally {
      this.#pending.delete(pending);
      turn++;
    }
  }

  /** The interrupt is being thrown. */
  noteInterrupt(): void {
    this.#old = new Set(this.#pending);
  }

  /** Whether the code awaits something that it has come to since the interrupt was thrown, as in a `finally`. */
  get handlerAtWork(): boolean {
    const old = this.#old;
    return old !== undefined && [...this.#pending].some((pending) => !old.has(pending));
  }

  /**
   * Throws into the innermost `await`, as far as can be told: those come last. Where a function is called and waited for in
   * one turn, its own first `await` comes before its caller's.
   *
   * @returns false where the code stands at none
   */
  interruptInnermost(): boolean {
    let innermost: PendingAwait | undefined;
    for (const pending of this.#pending) {
      if (!innermost || pending.turn > innermost.turn) innermost = pending;
    }
    if (!innermost) return false;
    this.#pending.delete(innermost);
    this.noteInterrupt();
    innermost.reject(new KeyboardInterrupt());
    return true;
  }
}
