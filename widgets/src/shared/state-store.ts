import type { ChangeSource, WidgetState } from "@latentlab/kernel";

type Listener<State> = (changes: Partial<State>, source: ChangeSource) => void;

/**
 * The state that a widget's two sides share. Values that are already set are left out of a change, so an echo from the
 * view wakes nobody.
 */
export class StateStore<State extends object> implements WidgetState<State> {
  #values: State;
  readonly #listeners = new Set<Listener<State>>();

  constructor(initial: State) {
    this.#values = { ...initial };
  }

  get(): Readonly<State> {
    return this.#values;
  }

  set(changes: Partial<State>, source: ChangeSource = "kernel"): void {
    const changed: Partial<State> = {};
    for (const key of Object.keys(changes) as (keyof State)[]) {
      if (!Object.is(changes[key], this.#values[key])) changed[key] = changes[key];
    }
    if (Object.keys(changed).length === 0) return;
    this.#values = { ...this.#values, ...changed };
    for (const listener of [...this.#listeners]) listener(changed, source);
  }

  subscribe(listener: Listener<State>): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
