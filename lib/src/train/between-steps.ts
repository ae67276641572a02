/** One after the other: steps, checkpoints and evaluations never at the same time. */
export function createQueue() {
  let last: Promise<unknown> = Promise.resolve();
  return <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  };
}

/** Where a paused training waits. */
export function createGate() {
  let waiting: PromiseWithResolvers | undefined;
  return {
    get isClosed() {
      return waiting !== undefined;
    },
    close() {
      waiting ??= withResolvers();
    },
    open() {
      waiting?.resolve();
      waiting = undefined;
    },
    /** @throws the signal's reason */
    async opened(signal: AbortSignal | undefined): Promise<void> {
      signal?.throwIfAborted();
      while (waiting) await untilAborted(waiting.promise, signal);
    },
  };
}

interface PromiseWithResolvers {
  promise: Promise<void>;
  resolve: () => void;
}

function withResolvers(): PromiseWithResolvers {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** @throws the signal's reason as soon as it is aborted, whatever becomes of the promise */
export async function untilAborted<Result>(
  promise: Promise<Result>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  if (!signal) return promise;
  signal.throwIfAborted();
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
