import type { AnyModel } from "@anywidget/types";

/** The kernel numbers its updates with this property once a page has answered. */
const numberName = "_latentlab_update";

/**
 * Tells the kernel which of its updates the page has drawn, so that it sends no more than the page can draw. It knows
 * pages by a name that each gives itself.
 */
export function reportShown(model: AnyModel, signal?: AbortSignal): void {
  const page = Math.random().toString(36).slice(2);
  const report = () => {
    if (!signal?.aborted) model.send({ latentlab: "shown", page, update: model.get(numberName) ?? 0 });
  };
  const reportWhenDrawn = () => afterDrawing(report);
  model.on(`change:${numberName}`, reportWhenDrawn);
  signal?.addEventListener("abort", () => model.off(`change:${numberName}`, reportWhenDrawn));
  report();
}

/** A page that nobody sees draws nothing. */
function afterDrawing(action: () => void): void {
  if (document.hidden) action();
  else requestAnimationFrame(() => setTimeout(action));
}
