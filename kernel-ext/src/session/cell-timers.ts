import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers";
// Evaluated before the timers are replaced.
import "../base/own-timers.js";
import { Cell, outputContext, stopTimer, type Timer } from "./output-context.js";

type Stop = (timer: unknown) => void;
const owners = new WeakMap<object, Cell>();

type Start = (callback: (...values: unknown[]) => void, ...rest: unknown[]) => Timer;

/**
 * Makes the timers of a cell known to it: they stop when an interrupt has ended it, and it starts no more.
 */
export function trackCellTimers(report: (error: unknown) => void): void {
  const {
    setTimeout,
    setInterval,
    setImmediate,
    clearTimeout,
    clearInterval,
    clearImmediate,
    queueMicrotask,
  } = globalThis;
  const tracked = {
    setTimeout: track(setTimeout as unknown as Start, { once: true }),
    setInterval: track(setInterval as unknown as Start, { once: false }),
    // Node loses count of its immediates when one of their callbacks is terminated; a tick of its own is safe.
    setImmediate: track(setImmediate as unknown as Start, { once: true, defer: process.nextTick }),
    clearTimeout: forgetting(clearTimeout as unknown as Stop),
    clearInterval: forgetting(clearInterval as unknown as Stop),
    clearImmediate: forgetting(clearImmediate as unknown as Stop),
  };
  Object.assign(globalThis, tracked, { queueMicrotask: reporting(queueMicrotask, report) });
  Object.assign(timers, tracked);
  // Else `import { setTimeout } from "node:timers"` would still give Node's own.
  syncBuiltinESMExports();
}

interface Tracking {
  once: boolean;
  /** Calls the timer's callback, at once by default. */
  defer?: (call: () => void) => void;
}

function track(start: Start, { once, defer = (call) => call() }: Tracking): Start {
  const tracked: Start = (callback, ...rest) => {
    const cell = outputContext.getStore();
    if (!(cell instanceof Cell) || typeof callback !== "function") return start(callback, ...rest);
    const timer = start(
      (...values) => {
        // One that has run once may have been started again by `refresh`.
        if (cell.stopped) return;
        if (once) cell.timers.delete(timer);
        defer(() => callback(...values));
      },
      ...rest,
    );
    if (cell.stopped) stopTimer(timer);
    else {
      cell.timers.add(timer);
      owners.set(timer, cell);
    }
    return timer;
  };
  // `util.promisify(setTimeout)` finds its promise version in a property.
  return Object.defineProperties(tracked, Object.getOwnPropertyDescriptors(start)) as Start;
}

/** Before Node 24, the context of a microtask is gone when its error arrives at the process. */
function reporting(start: typeof queueMicrotask, report: (error: unknown) => void): typeof queueMicrotask {
  return (callback) =>
    start(() => {
      try {
        callback();
      } catch (error) {
        report(error);
      }
    });
}

/** Cleared timers are not kept for the cell's interrupt. */
function forgetting(stop: Stop): Stop {
  return (timer) => {
    if (typeof timer === "object" && timer !== null) owners.get(timer)?.timers.delete(timer as Timer);
    stop(timer);
  };
}
