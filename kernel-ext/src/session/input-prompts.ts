import { KernelError } from "../base/kernel-error.js";
import type { IoThread } from "./io-thread.js";
import { KeyboardInterrupt } from "./keyboard-interrupt.js";
import type { Cell } from "./output-context.js";

interface Prompt {
  cell: Cell;
  ask: () => void;
  resolve: (value: string) => void;
  reject: (error: Error) => void;
}

/** Questions to the reader. The protocol knows one at a time: later ones wait. */
export class InputPrompts {
  readonly #ioThread: IoThread;
  readonly #prompts: Prompt[] = [];

  constructor(ioThread: IoThread) {
    this.#ioThread = ioThread;
  }

  /** Rejects with `ERR_STDIN_UNAVAILABLE` outside a cell and where the front end takes no input. */
  read(cell: Cell | undefined, prompt: string, password: boolean): Promise<string> {
    if (!cell?.allowStdin) {
      const message = "Nobody can answer: input works in a notebook's cell that a person runs.";
      return Promise.reject(new KernelError("ERR_STDIN_UNAVAILABLE", message));
    }
    return new Promise((resolve, reject) => {
      const ask = () => this.#ioThread.requestInput(prompt, password, cell.parentHeader);
      this.#prompts.push({ cell, ask, resolve, reject });
      if (this.#prompts.length === 1) ask();
    });
  }

  take(value: string): void {
    this.#prompts.shift()?.resolve(value);
    this.#prompts[0]?.ask();
  }

  /** Ends all questions of a cell that is over. */
  cancel(cell: Cell): void {
    const [first] = this.#prompts;
    const others = this.#prompts.filter((prompt) => prompt.cell !== cell);
    const ended = this.#prompts.filter((prompt) => prompt.cell === cell);
    this.#prompts.splice(0, this.#prompts.length, ...others);
    for (const prompt of ended) prompt.reject(new KeyboardInterrupt());
    if (first?.cell === cell) this.#prompts[0]?.ask();
  }
}
