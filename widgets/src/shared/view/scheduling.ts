/** Runs `action` at most once a frame, with the latest arguments. */
export function perFrame<Arguments extends unknown[]>(
  action: (...args: Arguments) => void,
  signal: AbortSignal,
): (...args: Arguments) => void {
  let latest: Arguments | undefined;
  return (...args) => {
    const waiting = latest !== undefined;
    latest = args;
    if (waiting) return;
    requestAnimationFrame(() => {
      const current = latest;
      latest = undefined;
      if (current && !signal.aborted) action(...current);
    });
  };
}

/** Calls `action` once a frame while the element's size changes, and at first. */
export function onResize(element: Element, action: () => void, signal: AbortSignal): void {
  const observer = new ResizeObserver(perFrame(action, signal));
  observer.observe(element);
  signal.addEventListener("abort", () => observer.disconnect());
}
