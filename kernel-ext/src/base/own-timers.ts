import timers from "node:timers";

/** Node's own, taken before those of cells take their place, which stop with an interrupted cell. */
export const { setTimeout, clearTimeout } = timers;
