import { AsyncLocalStorage } from "node:async_hooks";
import type { Header } from "../wire/message.js";
import { KeyboardInterrupt } from "./keyboard-interrupt.js";

/** The message that running code answers to: what it prints and displays goes to that message's sender. */
export class OutputContext {
  readonly parentHeader: Header;
  /** What interrupted code still prints is dropped. */
  muted = false;

  constructor(parentHeader: Header) {
    this.parentHeader = parentHeader;
  }
}

export interface CellOptions {
  executionCount: number;
  silent: boolean;
  allowStdin: boolean;
}

/** One execution of a cell, from its request until its background work ends. */
export class Cell extends OutputContext {
  readonly executionCount: number;
  readonly silent: boolean;
  readonly allowStdin: boolean;
  /** Timers that the cell started and that are still to fire. */
  readonly timers = new Set<Timer>();
  readonly #abortController = new AbortController();
  readonly #displays: Promise<unknown>[] = [];
  readonly #endings: (() => void)[] = [];
  #ended = false;

  constructor(parentHeader: Header, options: CellOptions) {
    super(parentHeader);
    this.executionCount = options.executionCount;
    this.silent = options.silent;
    this.allowStdin = options.allowStdin;
  }

  get signal(): AbortSignal {
    return this.#abortController.signal;
  }

  get interrupted(): boolean {
    return this.signal.aborted;
  }

  /** Whether the cell's code has come to its end or is no longer waited for; what it started may still run. */
  get ended(): boolean {
    return this.#ended;
  }

  interrupt(): void {
    this.#abortController.abort(new KeyboardInterrupt());
  }

  /** The cell is not finished before what it displays is rendered. */
  addDisplay(shown: Promise<unknown>): void {
    this.#displays.push(shown);
  }

  /**
   * Calls `finish`, which must not throw, when the cell ends. Where its code has come to its end, what `finish`
   * displays still belongs to the cell; of a cell that is abandoned nothing is shown.
   */
  atEnd(finish: () => void): void {
    this.#endings.push(finish);
  }

  async allDisplayed(): Promise<void> {
    this.#end();
    // Rendering may itself display something.
    while (this.#displays.length > 0) await Promise.allSettled(this.#displays.splice(0));
  }

  /** Stops what can be stopped of a cell that has not ended by itself. */
  abandon(): void {
    this.muted = true;
    for (const timer of this.timers) stopTimer(timer);
    this.timers.clear();
    this.#end();
  }

  #end(): void {
    this.#ended = true;
    for (const finish of this.#endings.splice(0)) finish();
  }
}

export type Timer = NodeJS.Timeout | NodeJS.Immediate;

export function stopTimer(timer: Timer): void {
  // Each of the two ignores what the other one stops.
  clearTimeout(timer as NodeJS.Timeout);
  clearImmediate(timer as NodeJS.Immediate);
}

/** Follows asynchronous code, so that a timer prints into the cell that started it. */
export const outputContext = new AsyncLocalStorage<OutputContext>();
