import { clearTimeout, setTimeout } from "../base/own-timers.js";
import type { Bar } from "./bar.js";

/** A picture is drawn at most so often. */
const drawIntervalMs = 100;

/** Where bars are shown: a notebook's output, or a terminal. */
export interface Board {
  /** @param isLast whether all bars have ended, after which nothing more is drawn */
  draw(bars: readonly Bar[], isLast: boolean): void;
}

/** The bars that one cell shows at a time: the outermost and those within. */
export class BarStack {
  readonly #board: Board;
  readonly #bars: Bar[] = [];
  #drawnMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(board: Board) {
    this.#board = board;
  }

  get isOver(): boolean {
    return this.#bars.length > 0 && this.#bars.every(({ state }) => state !== "running");
  }

  add(bar: Bar): void {
    // An inner bar that has ended makes room for the next, not before: nothing flickers.
    const kept = this.#bars.filter(({ state }, index) => index === 0 || state === "running");
    this.#bars.splice(0, this.#bars.length, ...kept);
    this.#bars.push(bar);
    this.changed();
  }

  ended(): void {
    if (this.isOver) this.#draw();
    else this.changed();
  }

  changed(): void {
    const waitMs = this.#drawnMs + drawIntervalMs - performance.now();
    if (waitMs <= 0) this.#draw();
    else this.#timer ??= setTimeout(() => this.#draw(), waitMs).unref();
  }

  #draw(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#drawnMs = performance.now();
    this.#board.draw(this.isOver ? this.#lasting() : this.#bars, this.isOver);
  }

  /** Without inner loops, which ended before the outer one. */
  #lasting(): Bar[] {
    const [first] = this.#bars;
    return this.#bars.filter((bar) => bar === first || (bar.endMs ?? 0) > (first?.endMs ?? 0));
  }
}
