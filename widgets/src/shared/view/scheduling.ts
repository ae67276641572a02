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

/** Calls `action` when the element has got a width, and a new one; what it draws may change the height. */
export function onResize(element: Element, action: () => void, signal: AbortSignal): void {
  let knownWidth = 0;
  const resize = perFrame(() => {
    const width = element.clientWidth;
    if (width === 0 || width === knownWidth) return;
    knownWidth = width;
    action();
  }, signal);
  const observer = new ResizeObserver(resize);
  observer.observe(element);
  signal.addEventListener("abort", () => observer.disconnect());
}
