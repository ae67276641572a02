import { Cell, outputContext, stopTimer, type Timer } from "./output-context.js";

type Start = (callback: (...values: unknown[]) => void, ...rest: unknown[]) => Timer;

/**
 * Makes the timers of a cell known to it, so that an interrupt can stop a loop that sleeps on them:
 * JavaScript cannot cancel an `async` function that somebody else waits in.
 */
export function trackCellTimers(): void {
  globalThis.setTimeout = track(
    globalThis.setTimeout as unknown as Start,
    false,
  ) as unknown as typeof setTimeout;
  globalThis.setInterval = track(
    globalThis.setInterval as unknown as Start,
    true,
  ) as unknown as typeof setInterval;
  globalThis.setImmediate = track(
    globalThis.setImmediate as unknown as Start,
    false,
  ) as unknown as typeof setImmediate;
}

function track(start: Start, repeats: boolean): Start {
  const tracked: Start = (callback, ...rest) => {
    const cell = outputContext.getStore();
    if (!(cell instanceof Cell) || typeof callback !== "function") return start(callback, ...rest);
    const timer = start(
      (...values) => {
        if (!repeats) cell.timers.delete(timer);
        callback(...values);
      },
      ...rest,
    );
    // After an abandoned cell's sleep another must not begin.
    if (cell.muted) stopTimer(timer);
    else cell.timers.add(timer);
    return timer;
  };
  // `util.promisify(setTimeout)` finds its promise version in a property.
  return Object.defineProperties(tracked, Object.getOwnPropertyDescriptors(start)) as Start;
}
