import type { MimeBundle } from "../base/mime-bundle.js";

/** Who changed a widget's state: the program in the kernel, or the reader in the browser. */
export type ChangeSource = "kernel" | "view";

/**
 * State that a widget's two sides share. Values are JSON, or typed arrays, which travel as binary buffers
 * (the view gets them as `DataView`).
 */
export interface WidgetState<State extends object> {
  get(): Readonly<State>;
  /** Merges `changes` into the state and tells the subscribers who made them. */
  set(changes: Partial<State>, source?: ChangeSource): void;
  /** Returns the function that ends the subscription. */
  subscribe(listener: (changes: Partial<State>, source: ChangeSource) => void): () => void;
}

/** The property by which the kernel knows a widget; its value is `true`. */
export const widgetBrand: unique symbol = Symbol.for("latentlab.widget") as never;

/**
 * What a widget is to the kernel: a front-end module (anywidget's AFM), a state shared with it, and a picture for
 * readers who have no kernel. The kernel needs nothing else, so a widget needs no kernel to be built or tested.
 */
export interface Widget<State extends object = object> {
  readonly [widgetBrand]: true;
  /** Source text of the ES module whose default export is `{ render({ model, el, signal }) }`. */
  readonly esm: string;
  readonly css: string;
  readonly state: WidgetState<State>;
  /** Static rendering of the present state: `image/svg+xml` or `image/png`, and `text/plain`. */
  toMimeBundle(): MimeBundle | Promise<MimeBundle>;
  /** Takes what a view has sent by `model.send(content, callbacks, buffers)`. */
  receive?(content: unknown, buffers: Uint8Array<ArrayBuffer>[]): unknown;
}
