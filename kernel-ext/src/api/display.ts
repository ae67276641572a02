import { randomUUID } from "node:crypto";
import { inspectSafely } from "../base/inspect-safely.js";
import { describeAsText, displaySymbol, type MimeBundle } from "../base/mime-bundle.js";
import { findKernelSession } from "../session/kernel-session.js";
import { render } from "../session/render.js";
import type { Widget } from "../widget/widget.js";
import { isWidget } from "../widget/widget-manager.js";
import type { JsonObject } from "../wire/message.js";

export interface DisplayOptions {
  /** Name under which the output can be updated; made up where it is left out. */
  displayId?: string;
  /** Metadata by MIME type, such as `{ "image/png": { width: 320 } }`. */
  metadata?: JsonObject;
}

/** An output that can be replaced later. As the last expression of a cell it shows nothing more. */
export interface DisplayHandle {
  readonly id: string;
  /** Shows another value in place of the present one, wherever that is shown. Resolves when it has been sent. */
  update(value: unknown, options?: Pick<DisplayOptions, "metadata">): Promise<void>;
  /** Resolves when what has been asked for so far has been sent. */
  readonly shown: Promise<void>;
}

/**
 * Shows a value in the output of the calling cell: a widget as its live view; what has a method
 * `[Symbol.for("Jupyter.display")]()` as the MIME bundle that this returns; anything else as text.
 * There is no need to await it: a cell ends after its displays. In plain Node the text is printed.
 */
export function display(value: unknown, options: DisplayOptions = {}): DisplayHandle {
  return new Display(value, options);
}

/** By cell: the last display that is still being rendered, after which later ones have their place. */
const unsent = new WeakMap<object, Promise<void>>();

class Display implements DisplayHandle {
  readonly id: string;
  shown: Promise<void>;
  #value: unknown;
  #sent = false;

  constructor(value: unknown, { displayId = randomUUID(), metadata }: DisplayOptions) {
    this.id = displayId;
    this.#value = value;
    const cell = findKernelSession()?.callingCell;
    this.shown = this.#send("display_data", value, metadata, cell && unsent.get(cell));
    findKernelSession()?.holdCell(this.shown);
    if (cell && !this.#sent) keepPlace(cell, this.shown);
    if (isWidget(value)) this.#keepPictureCurrent(value, metadata);
  }

  /** A widget's view follows its state by itself; the picture beside it shows the state in which the cell left it. */
  #keepPictureCurrent(widget: Widget, metadata?: JsonObject): void {
    findKernelSession()?.redrawAtEnd(widget, () => {
      if (this.#value === widget) this.update(widget, { metadata });
    });
  }

  update(value: unknown, { metadata }: Pick<DisplayOptions, "metadata"> = {}): Promise<void> {
    this.#value = value;
    this.shown = this.shown.then(() => this.#send("update_display_data", value, metadata));
    findKernelSession()?.holdCell(this.shown);
    return this.shown;
  }

  [displaySymbol](): MimeBundle {
    return {};
  }

  async #send(
    type: string,
    value: unknown,
    metadata: JsonObject = {},
    earlier?: Promise<void>,
  ): Promise<void> {
    const session = findKernelSession();
    if (!session) {
      console.log(await printable(value));
      return;
    }
    const rendered = render(value, session);
    // Only what has to be waited for is awaited, so that displays keep their place among printed lines.
    const data = rendered instanceof Promise ? await rendered : rendered;
    if (earlier) await earlier;
    this.#sent = true;
    const content = { data, metadata, transient: { display_id: this.id } };
    try {
      session.publish(type, content);
    } catch (error) {
      session.reportFailure("A value is shown as text: its data or metadata cannot be sent", error);
      session.publish(type, { ...content, data: describeAsText(value), metadata: {} });
    }
  }
}

function keepPlace(cell: object, shown: Promise<void>): void {
  const settled = shown.catch(() => {});
  unsent.set(cell, settled);
  void settled.then(() => {
    if (unsent.get(cell) === settled) unsent.delete(cell);
  });
}

/** The text of a value's MIME bundle, for terminals. */
async function printable(value: unknown): Promise<string> {
  const { [displaySymbol]: describe, toMimeBundle } = Object(value) as {
    [displaySymbol]?: () => MimeBundle | Promise<MimeBundle>;
    toMimeBundle?: () => MimeBundle | Promise<MimeBundle>;
  };
  const bundle = await (describe ?? toMimeBundle)?.call(value);
  const text = bundle?.["text/plain"];
  return typeof text === "string" ? text : inspectSafely(value);
}

export interface ClearOutputOptions {
  /** Clears when the next output arrives, so that nothing flickers. */
  wait?: boolean;
}

/** Removes what the calling cell has shown so far. Does nothing in plain Node. */
export function clearOutput({ wait = false }: ClearOutputOptions = {}): void {
  findKernelSession()?.publish("clear_output", { wait });
}
