import { AsyncLocalStorage } from "node:async_hooks";

/**
 * Work whose changes of widgets' states are kept back until it ends. It is known by the calls that it makes, also
 * asynchronous ones: what other cells and handlers of messages change meanwhile goes out as ever.
 */
export class Hold {
  readonly #releases: (() => void)[] = [];
  #ended = false;

  /** The hold that the calling code runs in, if it has not ended. */
  static get current(): Hold | undefined {
    const hold = holdOfCaller.getStore();
    return hold && !hold.#ended ? hold : undefined;
  }

  run<Result>(work: () => Result): Result {
    return holdOfCaller.run(this, work);
  }

  /** Calls `release`, which must not throw, when the hold ends. */
  onEnd(release: () => void): void {
    this.#releases.push(release);
  }

  end(): void {
    this.#ended = true;
    for (const release of this.#releases.splice(0)) release();
  }
}

const holdOfCaller = new AsyncLocalStorage<Hold>();
