/** Updates of one model follow one another at this distance at least; a page draws no more often. */
const intervalMs = 33;
/** So many updates may be on their way to a page that answers: one that it draws, and the next, which hides the distance. */
const limit = 2;
/** A page that answers is waited for so long, and twice as long each time that none does. */
const firstPatienceMs = 1000;

/**
 * When a model's next update may go. A page that tells what it has shown is not sent more than it can show; of pages that never
 * tell, nothing is known, and only a distance in time is kept. The slowest page sets the pace, but where one does not
 * answer in time and others do, it is gone or out of step, and is not waited for until it answers again.
 */
export class Pacing {
  /** How many updates have been sent since a page first answered. */
  #sent = 0;
  /** What each page that answers has shown. */
  readonly #shown = new Map<string, number>();
  #sentMs = Number.NEGATIVE_INFINITY;
  #patienceMs = firstPatienceMs;

  /** The number of the last update, by which pages answer; `undefined` while none does. */
  get number(): number | undefined {
    return this.#shown.size > 0 ? this.#sent : undefined;
  }

  /** Whether a page has to answer before the next update goes, and there is still time for it. */
  get awaitsPage(): boolean {
    return this.#latePages().length > 0 && performance.now() < this.#sentMs + this.#patienceMs;
  }

  /** Time until the next update may go if no page answers before. */
  get waitMs(): number {
    return this.#sentMs + (this.awaitsPage ? this.#patienceMs : intervalMs) - performance.now();
  }

  /** An update is about to be sent. */
  noteSent(): void {
    const latePages = this.#latePages();
    if (latePages.length > 0 && !this.awaitsPage) this.#giveUpWaiting(latePages);
    if (this.#shown.size > 0) this.#sent++;
    this.#sentMs = performance.now();
  }

  noteShown(page: string, number: number): void {
    this.#shown.set(page, number);
    if (!this.#isLate(number)) this.#patienceMs = firstPatienceMs;
  }

  #isLate(shown: number): boolean {
    return this.#sent - shown >= limit;
  }

  #latePages(): string[] {
    return [...this.#shown].filter(([, shown]) => this.#isLate(shown)).map(([page]) => page);
  }

  #giveUpWaiting(latePages: string[]): void {
    if (latePages.length === this.#shown.size) this.#patienceMs *= 2;
    else for (const page of latePages) this.#shown.delete(page);
  }
}
