import { AsyncLocalStorage } from "node:async_hooks";
import { inspect } from "node:util";
import type { Header } from "../wire/message.js";
import { KeyboardInterrupt } from "./keyboard-interrupt.js";
import { PendingAwaits } from "./pending-awaits.js";

/** The message that running code answers to: what it prints and displays goes to that message's sender. */
export class OutputContext {
  readonly parentHeader: Header;
  /** What interrupted code still prints is dropped. */
  muted = false;

  constructor(parentHeader: Header) {
    this.parentHeader = parentHeader;
  }

  /** Before Node 24, `AsyncLocalStorage` makes it a field of handles such as files', which cells may show. */
  [inspect.custom](): string {
    return "[context]";
  }
}

export interface CellOptions {
  executionCount: number;
  /** By which stack traces refer to it. */
  name: string;
  silent: boolean;
  allowStdin: boolean;
}

/** One execution of a cell, from its request until its background work ends. */
export class Cell extends OutputContext {
  readonly executionCount: number;
  readonly name: string;
  readonly silent: boolean;
  readonly allowStdin: boolean;
  /** Timers that the cell started and that are still to fire. */
  readonly timers = new Set<Timer>();
  /** Where the cell's code stands. */
  readonly awaits = new PendingAwaits();
  /** Whether the cell's code has taken `cell.signal`, and so will look at it. */
  cooperative = false;
  readonly #abortController = new AbortController();
  readonly #abandonController = new AbortController();
  readonly #displays: Promise<unknown>[] = [];
  readonly #reports: Promise<void>[] = [];
  readonly #endings = new Set<() => void>();
  readonly #orderlyWork = new Set<Promise<unknown>>();
  #ended = false;
  #interruptTaken = false;

  constructor(parentHeader: Header, options: CellOptions) {
    super(parentHeader);
    this.executionCount = options.executionCount;
    this.name = options.name;
    this.silent = options.silent;
    this.allowStdin = options.allowStdin;
  }

  get signal(): AbortSignal {
    return this.#abortController.signal;
  }

  /** Aborted when the cell is no longer waited for. */
  get abandoned(): AbortSignal {
    return this.#abandonController.signal;
  }

  get interrupted(): boolean {
    return this.signal.aborted;
  }

  /** Whether the cell's code has come to its end or is no longer waited for; what it started may still run. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Whether an interrupt has ended the cell: its timers have stopped, and its code does not go on. */
  get stopped(): boolean {
    return this.interrupted && this.#ended;
  }

  interrupt(): void {
    this.#abortController.abort(new KeyboardInterrupt());
    this.#stopTimersIfStopped();
  }

  /** Whether the interrupt has been thrown. */
  get interruptTaken(): boolean {
    return this.#interruptTaken;
  }

  /** Whether the interrupt is still to be thrown: only one place of the cell's code throws it. */
  takeInterrupt(): boolean {
    if (this.#interruptTaken) return false;
    this.#interruptTaken = true;
    this.awaits.noteInterrupt();
    return true;
  }

  /** Throws the interrupt into the `await` at which the cell's code stands. @returns false where it stands at none */
  throwInterrupt(): boolean {
    this.cooperative = false;
    this.#interruptTaken = true;
    return this.awaits.interruptInnermost();
  }

  /** The cell's `work` ends in order by itself when the signal is aborted; an interrupt waits for that. */
  endsInOrder(work: Promise<unknown>): void {
    this.#orderlyWork.add(work);
    const forget = () => this.#orderlyWork.delete(work);
    work.then(forget, forget);
  }

  get hasOrderlyWork(): boolean {
    return this.#orderlyWork.size > 0;
  }

  /** Resolves when there is no more of it. */
  async orderlyWorkEnded(): Promise<void> {
    while (this.hasOrderlyWork) await Promise.allSettled(this.#orderlyWork);
  }

  /** The cell is not finished before what it displays is rendered. */
  addDisplay(shown: Promise<unknown>): void {
    this.#displays.push(shown);
  }

  /**
   * Calls `finish`, which must not throw, when the cell ends. Where its code has come to its end, what `finish`
   * displays still belongs to the cell; of a cell that is abandoned nothing is shown.
   * @returns the function that takes this back
   */
  atEnd(finish: () => void): () => void {
    this.#endings.add(finish);
    return () => this.#endings.delete(finish);
  }

  /** Resolves when the cell's code has ended and all that it displays is rendered. */
  async allDisplayed(): Promise<void> {
    this.#end();
    // Rendering may itself display something.
    while (this.#displays.length > 0) await Promise.allSettled(this.#displays.splice(0));
  }

  /** The cell is busy until what is reported beside it has been; its reply does not wait for that. Must not reject. */
  addReport(report: Promise<void>): void {
    this.#reports.push(report);
  }

  async allReported(): Promise<void> {
    await Promise.all(this.#reports);
  }

  /** Stops what can be stopped of a cell that has not ended by itself. */
  abandon(): void {
    this.muted = true;
    this.#end();
    this.#abandonController.abort(new KeyboardInterrupt());
  }

  #end(): void {
    this.#ended = true;
    this.#stopTimersIfStopped();
    for (const finish of this.#endings) finish();
    this.#endings.clear();
  }

  #stopTimersIfStopped(): void {
    if (!this.stopped) return;
    for (const timer of this.timers) stopTimer(timer);
    this.timers.clear();
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
