/**
 * The I/O thread may terminate whatever JavaScript runs on the main thread, but never inside the TypeScript
 * compiler: half-updated, its program would answer wrongly for the rest of the session. The two threads agree
 * through three words of shared memory: the state of the gate, whether the running cell is cooperative, and whether an
 * interrupt is on its way to it.
 */
const open = 0;
const closed = 1;
const terminating = 2;

/** Closed until the main thread's first `protect` ends: what loads while the kernel starts must not be terminated. */
export function createGateMemory(): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT);
  new Int32Array(memory)[0] = closed;
  return memory;
}

export class ExecutionGate {
  readonly #state: Int32Array;
  #depth = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#state = new Int32Array(memory);
  }

  /** Whether the running cell has taken `cell.signal`, and so will look at it. */
  get cooperative(): boolean {
    return Atomics.load(this.#state, 1) === 1;
  }

  set cooperative(value: boolean) {
    Atomics.store(this.#state, 1, value ? 1 : 0);
  }

  /** Set by the I/O thread before its message, and cleared by the main thread, which may not come to read messages. */
  get interruptRequested(): boolean {
    return Atomics.load(this.#state, 2) === 1;
  }

  set interruptRequested(value: boolean) {
    Atomics.store(this.#state, 2, value ? 1 : 0);
  }

  /** Main thread: runs `work` so that the I/O thread does not terminate it. */
  protect<Result>(work: () => Result): Result {
    this.#close();
    try {
      return work();
    } finally {
      this.#release();
    }
  }

  /** I/O thread: asks to terminate; `false` when the main thread is protected just now. */
  beginTermination(): boolean {
    return Atomics.compareExchange(this.#state, 0, open, terminating) === open;
  }

  get isTerminating(): boolean {
    return Atomics.load(this.#state, 0) === terminating;
  }

  /** I/O thread: the termination has happened. */
  endTermination(): void {
    Atomics.compareExchange(this.#state, 0, terminating, open);
  }

  #close(): void {
    // A termination that is under way must hit here, before the compiler is entered: hence the spin.
    while (this.#depth === 0 && Atomics.compareExchange(this.#state, 0, open, closed) === terminating);
    this.#depth++;
  }

  #release(): void {
    if (--this.#depth === 0) Atomics.store(this.#state, 0, open);
  }
}
