import type { Theme } from "../colour-map.js";
import { perFrame } from "./scheduling.js";

/** The theme that the style sheet resolved for this widget: the host's, or else the reader's system. */
export function themeOf(root: Element): Theme {
  return getComputedStyle(root).colorScheme === "dark" ? "dark" : "light";
}

/** Calls `action` after the host or the system changed its theme. */
export function onThemeChange(action: () => void, signal: AbortSignal): void {
  const changed = perFrame(action, signal);
  const observer = new MutationObserver(changed);
  const attributeFilter = ["data-jp-theme-light", "data-jp-theme-name", "data-theme", "class"];
  for (const element of [document.documentElement, document.body]) {
    observer.observe(element, { attributes: true, attributeFilter });
  }
  signal.addEventListener("abort", () => observer.disconnect());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed, { signal });
}
