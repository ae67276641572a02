import process from "node:process";
import { display } from "../api/display.js";
import { mime } from "../api/mime.js";
import { findKernelSession } from "../session/kernel-session.js";
import type { Bar } from "./bar.js";
import { BarStack, type Board } from "./board.js";
import { drawAsLine, drawBars } from "./draw.js";

/** Where there is nothing to overwrite, a line is printed at most so often. */
const lineIntervalMs = 5000;

/** By cell: a loop within a loop shows its bar below the other's. */
const stacks = new WeakMap<object, BarStack>();

/** The calling cell's stack; a new one where there is none, or none that goes on. */
export function currentStack(): BarStack {
  const session = findKernelSession();
  const owner = session?.callingCell ?? globalThis;
  const known = stacks.get(owner);
  if (known && !known.isOver) return known;
  const created = new BarStack(session ? notebookBoard() : terminalBoard());
  stacks.set(owner, created);
  return created;
}

function notebookBoard(): Board {
  let handle: ReturnType<typeof display> | undefined;
  return {
    draw(bars) {
      const shown = mime(drawBars(bars));
      if (handle) void handle.update(shown);
      else handle = display(shown);
    },
  };
}

/** One line that overwrites itself in a terminal; elsewhere a line now and then. */
function terminalBoard(stream: NodeJS.WriteStream = process.stderr): Board {
  let printedMs = performance.now();
  const line = (bars: readonly Bar[]) => bars.map((bar) => drawAsLine(bar)).join(" | ");
  return {
    draw(bars, isLast) {
      if (stream.isTTY) {
        stream.write(`\r\u001b[K${line(bars)}${isLast ? "\n" : ""}`);
        return;
      }
      if (!isLast && performance.now() - printedMs < lineIntervalMs) return;
      printedMs = performance.now();
      stream.write(`${line(bars)}\n`);
    },
  };
}
