/** Weight of what is new in the running mean of the time between two items. */
const smoothing = 0.1;

/** How far a count has come, and how fast: a running mean of the time between items, corrected for its start. */
export class Rate {
  readonly #startMs: number;
  #lastMs: number;
  #meanMs = 0;
  #weight = 0;
  count = 0;

  constructor(nowMs: number) {
    this.#startMs = nowMs;
    this.#lastMs = nowMs;
  }

  tick(nowMs: number): void {
    this.count++;
    this.#meanMs += smoothing * (nowMs - this.#lastMs - this.#meanMs);
    this.#weight += smoothing * (1 - this.#weight);
    this.#lastMs = nowMs;
  }

  elapsedMs(nowMs: number): number {
    return nowMs - this.#startMs;
  }

  /** Mean time an item takes just now; undefined before the first. */
  get itemMs(): number | undefined {
    return this.#weight === 0 ? undefined : this.#meanMs / this.#weight;
  }
}
