import { clearTimeout, setTimeout } from "../base/own-timers.js";
import { Hold } from "./hold.js";
import { Pacing } from "./pacing.js";

type Changes = Record<string, unknown>;

/** A model's property with the number of the last update, once a page has answered one. */
const numberName = "_latentlab_update";

const waiting = new Set<UpdateQueue>();

/**
 * Updates of one model on their way to the page. What changes again before it was sent is sent once, with its newest value:
 * a training that changes a widget's state at every step does not fill the page's queue.
 */
export class UpdateQueue {
  readonly #send: (changes: Changes) => void;
  #pending: Changes = {};
  /** Changes that holds keep back. */
  readonly #held = new Map<Hold, Changes>();
  readonly #pacing = new Pacing();
  #timer: NodeJS.Timeout | undefined;

  constructor(send: (changes: Changes) => void) {
    this.#send = send;
  }

  /** The first change after a pause goes out at once. */
  add(changes: object): void {
    // What holds have kept of the same properties is older.
    this.#forgetHeld(Object.keys(changes));
    const hold = Hold.current;
    if (hold) this.#keep(hold, changes);
    else this.#schedule(changes);
  }

  /** The page has newer values of these. */
  forget(names: readonly string[]): void {
    for (const name of names) delete this.#pending[name];
    this.#forgetHeld(names);
  }

  /** A page has shown the update of this number, and all before it. */
  noteShown(page: string, number: number): void {
    this.#pacing.noteShown(page, number);
    this.#planAnew();
  }

  /** What a page needs beside the state to answer updates. */
  get mark(): Changes {
    const { number } = this.#pacing;
    return number === undefined ? {} : { [numberName]: number };
  }

  /** Sends what waits and is not held as soon as may be. */
  plan(): void {
    if (!waiting.has(this) || this.#timer) return;
    const { waitMs } = this.#pacing;
    if (waitMs <= 0) this.flush();
    else this.#timer = setTimeout(() => this.#planAnew(), waitMs).unref();
  }

  /** Sends it now, unless a page sets the pace. */
  offer(): void {
    if (this.#pacing.number === undefined) this.flush();
    else this.plan();
  }

  /** Sends it now, whatever the page does. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    waiting.delete(this);
    if (Object.keys(this.#pending).length === 0) return;
    const changes = this.#pending;
    this.#pending = {};
    this.#pacing.noteSent();
    this.#send({ ...changes, ...this.mark });
  }

  #schedule(changes: object): void {
    Object.assign(this.#pending, changes);
    waiting.add(this);
    this.plan();
  }

  #planAnew(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.plan();
  }

  #keep(hold: Hold, changes: object): void {
    const kept = this.#held.get(hold);
    if (kept) {
      Object.assign(kept, changes);
      return;
    }
    this.#held.set(hold, { ...changes });
    hold.onEnd(() => this.#release(hold));
  }

  #release(hold: Hold): void {
    Object.assign(this.#pending, this.#held.get(hold));
    this.#held.delete(hold);
    waiting.add(this);
  }

  #forgetHeld(names: readonly string[]): void {
    for (const held of this.#held.values()) for (const name of names) delete held[name];
  }
}

/** At a cell's end: who saves the notebook then finds its widgets as the cell left them. */
export function flushUpdates(): void {
  for (const queue of [...waiting]) queue.flush();
}

/** At the end of a message from the page. */
export function offerUpdates(): void {
  for (const queue of [...waiting]) queue.offer();
}

/**
 * Runs `work`, whose changes reach the page together, as one update for each widget. A hold within another is part of it.
 *
 * @param atCellEnd calls what it is given when the calling cell ends, and returns the function that takes this back: work
 *   that an interrupt cuts off ends no hold
 */
export function holdUpdates<Result>(work: () => Result, atCellEnd: (end: () => void) => () => void): Result {
  if (Hold.current) return work();
  const hold = new Hold();
  const takeBack = atCellEnd(() => hold.end());
  const end = () => {
    takeBack();
    hold.end();
    for (const queue of [...waiting]) queue.plan();
  };
  let result: Result;
  try {
    result = hold.run(work);
  } catch (error) {
    end();
    throw error;
  }
  if (result instanceof Promise) return result.finally(end) as Result;
  end();
  return result;
}
