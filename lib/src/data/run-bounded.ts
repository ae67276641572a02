/**
 * Runs `task(0)` to `task(count - 1)`, at most `limit` of them at the same time. After the first failure, or once the
 * signal is aborted, no further ones begin.
 *
 * @throws the failure of the lowest index, whichever came first: tasks begin in order, so it is the same every time; or
 *   the signal's reason. No task is running any more then
 */
export async function runBounded(
  count: number,
  limit: number,
  task: (index: number) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  let next = 0;
  const failures: { index: number; reason: unknown }[] = [];
  const work = async () => {
    while (next < count && failures.length === 0) {
      const index = next++;
      try {
        signal?.throwIfAborted();
        await task(index);
      } catch (reason) {
        failures.push({ index, reason });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, count) }, work));
  const [first] = failures.sort((one, other) => one.index - other.index);
  if (first) throw first.reason;
}
