import { ConfigError } from "../errors.js";
import { requireNumber } from "../options.js";
import type { Schedule } from "./schedules.js";

/** A change that was made while a training ran. */
export interface JournalEntry {
  /** Steps that had begun by then: it counts from the next one on. */
  step: number;
  /** When it was made, ISO 8601; a replay keeps the first time. */
  time: string;
  what: string;
  from: number;
  to: number;
}

/** What cannot be below 0; a setting of a loss can. */
const isRate = /(^|\.)(learningRate|clipNorm)$/;

/** Everything that can be changed while a training runs, at every step of it. */
export interface Steering {
  /** The whole journal, with what is still to come where one is replayed; in the order of the steps. */
  readonly journal: readonly JournalEntry[];
  /** The numbers of a step, counted from 1: a function of the start, the schedules and the journal. */
  valuesAt(step: number): Record<string, number>;
  /**
   * Takes effect after step `begun`. What a replayed journal has for the same names later is dropped.
   *
   * @throws ConfigError for an unknown name, a number that is not finite, a learning rate below 0
   */
  change(changes: Readonly<Record<string, number | undefined>>, begun: number): void;
}

/**
 * @param start what the training begins with; a schedule's name can be set to a number, which replaces the schedule
 * @param groups names that stand for several: `learningRate` for those of all networks
 * @param earlier a journal to replay
 */
export function createSteering(
  start: Readonly<Record<string, number | Schedule>>,
  groups: Readonly<Record<string, readonly string[]>> = {},
  earlier: readonly JournalEntry[] = [],
): Steering {
  for (const [name, value] of Object.entries(start)) {
    if (typeof value === "number") requireChange(start, name, value);
  }
  for (const { what, to } of earlier) requireChange(start, what, to);
  let journal = inOrder(earlier);

  const valuesAt = (step: number) => {
    const values: Record<string, number> = {};
    for (const [name, value] of Object.entries(start)) {
      values[name] = typeof value === "number" ? value : value(step);
    }
    for (const { step: begun, what, to } of journal) if (begun < step) values[what] = to;
    return values;
  };

  return {
    get journal() {
      return journal;
    },
    valuesAt,
    change(changes, begun) {
      const given = Object.entries(changes).filter(([, to]) => to !== undefined) as [string, number][];
      const single = given.flatMap(([what, to]) =>
        (groups[what] ?? [what]).map((name) => [name, to] as const),
      );
      for (const [what, to] of single) requireChange(start, what, to);
      const time = new Date().toISOString();
      for (const [what, to] of single) {
        const from = valuesAt(begun + 1)[what] as number;
        const isScheduled = typeof start[what] !== "number" && !journal.some((entry) => entry.what === what);
        journal = journal.filter((entry) => entry.what !== what || entry.step <= begun);
        if (from !== to || isScheduled)
          journal = inOrder([...journal, { step: begun, time, what, from, to }]);
      }
    },
  };
}

function inOrder(entries: readonly JournalEntry[]): JournalEntry[] {
  return [...entries].sort((a, b) => a.step - b.step);
}

function requireChange(start: Readonly<Record<string, unknown>>, what: string, to: number): void {
  if (!Object.hasOwn(start, what)) {
    const known = Object.keys(start).join(", ");
    throw new ConfigError(
      "ERR_OPTION_OUT_OF_RANGE",
      `There is nothing called "${what}" to set. This training has: ${known}.`,
    );
  }
  if (isRate.test(what)) requireNumber(what, to, 0);
  if (Number.isFinite(to)) return;
  throw new ConfigError("ERR_OPTION_OUT_OF_RANGE", `${what} has to be a finite number, not ${to}.`);
}
