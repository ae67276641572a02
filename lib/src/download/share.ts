/** Work that several wait for. */
interface Shared {
  done: Promise<void>;
  stop: AbortController;
  waiting: number;
}

/** What is under way in this process, by its key. */
const running = new Map<string, Shared>();

/**
 * Does `work`, or joins the one under way with the same key. A caller's signal ends that caller's waiting alone; the
 * work itself is stopped when nobody waits for it any more, and has ended before the last caller is told.
 *
 * @throws the reason of `signal`, or what `work` throws
 */
export async function share(
  key: string,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  signal?.throwIfAborted();
  let shared = running.get(key);
  while (shared?.stop.signal.aborted) {
    await shared.done.catch(() => {}); // still closing its files
    signal?.throwIfAborted();
    shared = running.get(key);
  }
  shared ??= begin(key, work);
  shared.waiting += 1;
  try {
    await untilAborted(shared.done, signal);
  } finally {
    shared.waiting -= 1;
    if (shared.waiting === 0) {
      shared.stop.abort();
      await shared.done.catch(() => {});
    }
  }
}

function begin(key: string, work: (signal: AbortSignal) => Promise<void>): Shared {
  const stop = new AbortController();
  const done = work(stop.signal).finally(() => running.delete(key));
  const shared = { done, stop, waiting: 0 };
  running.set(key, shared);
  return shared;
}

async function untilAborted(done: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return done;
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort);
  });
  try {
    await Promise.race([done, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
