import { setTimeout as sleep } from "node:timers/promises";
import type { Cell } from "./output-context.js";

/** Time for an `await` to end, so that the interrupt is thrown when nothing is under way. */
const graceMs = 100;
/** The same for a cell that has taken `cell.signal`: a training step may be under way. */
const cooperativeGraceMs = 3000;
/** Time for `catch` and `finally`. */
const handlersMs = 5000;

/**
 * Brings a cell to its end as its code would have it: work that ends in order is waited for, then the interrupt is thrown,
 * and handlers do their work. Returns when that has come to pass or will not.
 *
 * @param isOver whether the cell has ended
 * @param say tells the reader what takes so long
 */
export async function stopCell(
  cell: Cell,
  isOver: () => boolean,
  say: (text: string) => void,
): Promise<void> {
  cell.interrupt();
  const waiting = setTimeout(() => {
    if (cell.hasOrderlyWork) say("a training ends after its batch. A second interrupt ends it at once.");
  }, cooperativeGraceMs);
  await cell.orderlyWorkEnded();
  clearTimeout(waiting);
  await sleep(cell.cooperative ? cooperativeGraceMs : graceMs);
  const endMs = performance.now() + handlersMs;
  while (!isOver()) {
    if (performance.now() > endMs) {
      say("the cell's catch and finally take too long; it is given up where it stands.");
      return;
    }
    // An await that has come since the interrupt was thrown is a handler's.
    if (!cell.awaits.handlerAtWork && !cell.throwInterrupt()) return;
    await sleep(graceMs);
  }
}
