import type { JsonObject } from "../wire/message.js";
import { matchesGlob } from "./glob.js";

interface Entry {
  line: number;
  input: string;
  output: string | null;
}

/** There is one session in memory; the protocol counts sessions from 1, and 0 means the present one. */
const currentSession = 1;

/** Inputs of the present session, for `history_request`. */
export class History {
  readonly #entries: Entry[] = [];

  add(line: number, input: string): void {
    this.#entries.push({ line, input, output: null });
  }

  /** Takes note of the text of an `execute_result`. */
  recordResult({ data, execution_count: line }: JsonObject): void {
    const text = (data as JsonObject | undefined)?.["text/plain"];
    const entry = this.#entries.findLast((candidate) => candidate.line === line);
    if (entry && typeof text === "string") entry.output = text;
  }

  /** @param request content of a `history_request` @returns content of its `history_reply` */
  answer(request: JsonObject): JsonObject {
    const history = this.#select(request).map(({ line, input, output }) => [
      currentSession,
      line,
      request.output ? [input, output] : input,
    ]);
    return { status: "ok", history };
  }

  #select(request: JsonObject): Entry[] {
    const count = typeof request.n === "number" ? request.n : 1000;
    switch (request.hist_access_type) {
      case "range":
        return this.#selectRange(request);
      case "search":
        return takeLast(this.#search(String(request.pattern ?? "*"), Boolean(request.unique)), count);
      default:
        return takeLast(this.#entries, count);
    }
  }

  #selectRange(request: JsonObject): Entry[] {
    const session = Number(request.session ?? 0);
    if (session !== 0 && session !== currentSession) return [];
    const start = Number(request.start ?? 0);
    const stop = typeof request.stop === "number" ? request.stop : Number.POSITIVE_INFINITY;
    return this.#entries.filter((entry) => entry.line >= start && entry.line < stop);
  }

  #search(pattern: string, unique: boolean): Entry[] {
    const found = this.#entries.filter((entry) => matchesGlob(entry.input, pattern));
    if (!unique) return found;
    const newest = new Map(found.map((entry) => [entry.input, entry]));
    return found.filter((entry) => newest.get(entry.input) === entry);
  }
}

/** `slice(-0)` would be everything. */
function takeLast(entries: Entry[], count: number): Entry[] {
  return count > 0 ? entries.slice(-count) : [];
}
