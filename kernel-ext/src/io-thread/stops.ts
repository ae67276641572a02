import type { Debugger } from "node:inspector";

export type PostCallback = (error: Error | null, result?: object) => void;
type Post = (method: string, parameters: object, done?: PostCallback) => void;

/** A bundle's function may have ten thousands. */
const maxStopsInFunction = 1000;

/**
 * Breakpoints wherever control may come back to functions that wait for others, by returning or by throwing. "stepOut"
 * would do the same; but on Node 22 a main thread that steps out hears nothing more until it has, which may be never.
 * They are gone when the debugger is disabled.
 */
export class Stops {
  readonly #post: Post;
  readonly #done = new Set<string>();

  constructor(post: Post) {
    this.#post = post;
  }

  /** To be called while the main thread stands. */
  async setIn(frames: readonly Debugger.CallFrame[]): Promise<void> {
    for (const { functionLocation: start } of frames) {
      const key = JSON.stringify(start);
      if (!start || this.#done.has(key)) continue;
      this.#done.add(key);
      for (const location of await this.#find(start)) this.#post("Debugger.setBreakpoint", { location });
    }
  }

  #find(start: Debugger.Location): Promise<Debugger.Location[]> {
    return new Promise((resolve) =>
      this.#post("Debugger.getPossibleBreakpoints", { start, restrictToFunction: true }, (_error, result) => {
        const { locations = [] } = (result ?? {}) as Partial<Debugger.GetPossibleBreakpointsReturnType>;
        resolve(locations.slice(0, maxStopsInFunction));
      }),
    );
  }
}
