import type { AnyModel, RenderProps } from "@anywidget/types";
import { html } from "./dom.js";
import type { ViewModel, Wire } from "./model.js";
import { reportShown } from "./report-shown.js";

export interface ViewContext<State extends object> {
  readonly model: ViewModel<State>;
  /** The widget's own element, in the page when `draw` is called. */
  readonly root: HTMLElement;
  /** Aborts when the view goes away; every listener and observer is bound to it. */
  readonly signal: AbortSignal;
}

/** The default export of a view module. A view that cannot be drawn says so in its place. */
export function defineView<State extends object>(draw: (context: ViewContext<State>) => void) {
  return {
    /** Called once for a model in a page, before its views. */
    initialize({ model, signal }: { model: AnyModel; signal?: AbortSignal }) {
      reportShown(model, signal);
    },
    render({
      model,
      el,
      signal: given,
    }: Partial<RenderProps<Wire<State>>> & Pick<RenderProps<Wire<State>>, "model" | "el">) {
      // anywidget before 0.9.21 gives no signal and calls the returned function instead.
      const controller = new AbortController();
      const { signal } = controller;
      given?.addEventListener("abort", () => controller.abort());
      const root = html("div", { class: "lv" });
      el.append(root);
      root.addEventListener("keydown", keepFromNotebook, { signal });
      signal.addEventListener("abort", () => root.remove());
      try {
        draw({ model, root, signal });
      } catch (error) {
        root.append(errorNote("This widget cannot be drawn.", error));
        console.error(error);
      }
      return () => controller.abort();
    },
  };
}

/** The first row of every widget: its name, what is shown, and the view's controls at the right. */
export function header(title: string, caption: string, ...controls: HTMLElement[]) {
  const captionElement = html("span", { class: "lv-caption" }, caption);
  const element = html(
    "div",
    { class: "lv-head" },
    html("div", { class: "lv-title", role: "heading", "aria-level": 3 }, title),
    captionElement,
    html("span", { class: "lv-space" }),
    ...controls,
  );
  return { element, caption: captionElement };
}

/** A live region for screen readers; it speaks once the value has rested for 250 ms. */
export function liveRegion(signal: AbortSignal) {
  const element = html("div", { class: "lv-unseen", role: "status", "aria-live": "polite" });
  let timer: ReturnType<typeof setTimeout> | undefined;
  signal.addEventListener("abort", () => clearTimeout(timer));
  return {
    element,
    say(text: string) {
      clearTimeout(timer);
      timer = setTimeout(() => {
        element.textContent = text;
      }, 250);
    },
  };
}

/** What went wrong, in one sentence, with the details folded away. */
export function errorNote(sentence: string, error: unknown): HTMLElement {
  const { message, details } = describeError(error);
  const note = html("div", { class: "lv-note", role: "alert" }, html("b", {}, sentence), ` ${message}`);
  if (details) note.append(html("details", {}, html("summary", {}, "Details"), html("pre", {}, details)));
  return note;
}

function describeError(error: unknown): { message: string; details: string } {
  if (error instanceof Error) return { message: error.message, details: error.stack ?? "" };
  const { message, details } = (error ?? {}) as { message?: string; details?: string };
  return { message: message ?? String(error), details: details ?? "" };
}

/**
 * A key pressed in a widget is the widget's: the notebook would move its cell selection, or cut the cell. Tab and
 * commands with a modifier (save, run the cell) go on.
 */
function keepFromNotebook(event: KeyboardEvent): void {
  const isCommand =
    event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && event.key === "Enter");
  if (event.key !== "Tab" && !isCommand) event.stopPropagation();
}
