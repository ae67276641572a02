import { setImmediate as nextTurn } from "node:timers/promises";
import { Bar } from "../progress/bar.js";
import { currentStack } from "../progress/boards.js";
import { findKernelSession } from "../session/kernel-session.js";

/** The page is heard at least so often, whatever the loop does. */
const turnIntervalMs = 50;

export interface ProgressOptions {
  /** Number of items; known by itself for arrays, sets, maps and numbers. */
  total?: number;
  /** What is going on, before the bar. */
  label?: string;
  /** What an item is, in the plural. */
  unit?: string;
}

/**
 * Goes through `source` and shows a bar with the rate and the time that is left: `for await (const batch of
 * progress(batches)) ...`. A bar within another's loop is shown below it. Between items the kernel hears the page (widgets,
 * completion) and an interrupt ends the loop. Outside of notebooks the bar is a line of text on standard error.
 *
 * @param source items, or a number `n` for 0 ... n - 1
 * @throws KeyboardInterrupt when the cell is interrupted
 */
export async function* progress<Item = number>(
  source: Iterable<Item> | AsyncIterable<Item> | number,
  { total = countOf(source), label = "", unit = "" }: ProgressOptions = {},
): AsyncGenerator<Item, void, undefined> {
  const items = typeof source === "number" ? (integers(source) as Iterable<Item>) : source;
  const signal = findKernelSession()?.peekSignal();
  const stack = currentStack();
  const bar = new Bar({ label, total, unit });
  stack.add(bar);
  let turnMs = performance.now();
  let finished = false;
  try {
    for await (const item of items) {
      if (performance.now() - turnMs > turnIntervalMs) {
        await nextTurn();
        turnMs = performance.now();
      }
      signal?.throwIfAborted();
      yield item;
      bar.tick();
      stack.changed();
    }
    finished = true;
  } finally {
    bar.end(finished ? "done" : "stopped");
    stack.ended();
  }
}

function countOf(source: unknown): number | undefined {
  if (typeof source === "number") return source;
  const { length, size } = Object(source) as { length?: unknown; size?: unknown };
  const count = length ?? size;
  return typeof count === "number" ? count : undefined;
}

function* integers(end: number): Generator<number> {
  for (let index = 0; index < end; index++) yield index;
}
