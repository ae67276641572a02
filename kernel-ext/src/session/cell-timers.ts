import { Cell, outputContext, stopTimer, type Timer } from "./output-context.js";

type Stop = (timer: unknown) => void;
const owners = new WeakMap<object, Cell>();

type Start = (callback: (...values: unknown[]) => void, ...rest: unknown[]) => Timer;

/**
 * Makes the timers of a cell known to it, so that an interrupt can stop a loop that sleeps on them:
 * JavaScript cannot cancel an `async` function that somebody else waits in.
 */
export function trackCellTimers(): void {
  const { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate } = globalThis;
  Object.assign(globalThis, {
    setTimeout: track(setTimeout as unknown as Start, { once: true }),
    setInterval: track(setInterval as unknown as Start, { once: false }),
    // Node loses count of its immediates when one of their callbacks is terminated; a tick of its own is safe.
    setImmediate: track(setImmediate as unknown as Start, { once: true, defer: process.nextTick }),
    clearTimeout: forgetting(clearTimeout as unknown as Stop),
    clearInterval: forgetting(clearInterval as unknown as Stop),
    clearImmediate: forgetting(clearImmediate as unknown as Stop),
  });
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
        if (once) cell.timers.delete(timer);
        defer(() => callback(...values));
      },
      ...rest,
    );
    // After an abandoned cell's sleep another must not begin.
    if (cell.muted) stopTimer(timer);
    else {
      cell.timers.add(timer);
      owners.set(timer, cell);
    }
    return timer;
  };
  // `util.promisify(setTimeout)` finds its promise version in a property.
  return Object.defineProperties(tracked, Object.getOwnPropertyDescriptors(start)) as Start;
}

/** Cleared timers are not kept for the cell's interrupt. */
function forgetting(stop: Stop): Stop {
  return (timer) => {
    if (typeof timer === "object" && timer !== null) owners.get(timer)?.timers.delete(timer as Timer);
    stop(timer);
  };
}
