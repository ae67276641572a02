interface AsyncWrapBinding {
  async_hook_fields?: Uint32Array;
  constants?: { kCheck?: number; kTotals?: number };
  clearAsyncIdStack?: () => void;
}

const asyncWrap = readAsyncWrap();

/**
 * Before Node 24, `AsyncLocalStorage` is built on async hooks, and with those Node ends the process when its stack of
 * asynchronous contexts is uneven. Terminated code leaves just that: its contexts are never popped. The leftover
 * entries are harmless, so both of Node's checks are switched off, as `--no-force-async-hooks-checks` does as long as
 * no hook is in use. To be called after the first use of `AsyncLocalStorage`.
 */
export function tolerateTermination(): void {
  const { async_hook_fields: fields, constants } = asyncWrap;
  if (!fields || constants?.kCheck === undefined || constants.kTotals === undefined) return;
  fields[constants.kCheck] = 0;
  // Read by the second check only: hooks are called by their counts of their own.
  fields[constants.kTotals] = 0;
}

/** Drops what terminated code left on the stack. To be called where no asynchronous context is needed. */
export function forgetTerminatedContexts(): void {
  asyncWrap.clearAsyncIdStack?.();
}

/** Node has no public way to any of this; where the private one is gone, `AsyncLocalStorage` has no hooks either. */
function readAsyncWrap(): AsyncWrapBinding {
  const { noDeprecation } = process;
  process.noDeprecation = true;
  try {
    const { binding } = process as { binding?: (name: string) => unknown };
    return (binding?.("async_wrap") ?? {}) as AsyncWrapBinding;
  } catch {
    return {};
  } finally {
    process.noDeprecation = noDeprecation;
  }
}
