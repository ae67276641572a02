import { randomUUID } from "node:crypto";
import { KernelError } from "../base/kernel-error.js";
import { Comm, type CommMessage } from "../comm/comm.js";
import type { KernelSession, PublishOptions } from "../session/kernel-session.js";
import type { JsonObject } from "../wire/message.js";
import { castBytes, joinBuffers, splitBuffers } from "./buffers.js";
import { UpdateQueue } from "./update-queue.js";
import type { Widget } from "./widget.js";

const widgetTarget = "jupyter.widget";
const protocolVersion = "2.1.0";

/** Names by which the page's widget manager finds the classes of a model and its view. */
interface ModelIdentity {
  _model_module: string;
  _model_module_version: string;
  _model_name: string;
  _view_module: string;
  _view_module_version: string;
  _view_name: string;
}

const layoutIdentity: ModelIdentity = {
  _model_module: "@jupyter-widgets/base",
  _model_module_version: "2.0.0",
  _model_name: "LayoutModel",
  _view_module: "@jupyter-widgets/base",
  _view_module_version: "2.0.0",
  _view_name: "LayoutView",
};

/** The version is whatever the installed labextension has: a range that it does not fit would show no widget. */
const anywidgetIdentity: ModelIdentity = {
  _model_module: "anywidget",
  _model_module_version: "*",
  _model_name: "AnyModel",
  _view_module: "anywidget",
  _view_module_version: "*",
  _view_name: "AnyView",
};

/** What the page does to a model. */
export interface ModelListener {
  applyChanges?(changes: JsonObject): void;
  receive?(content: unknown, buffers: CommMessage["buffers"]): unknown;
}

/**
 * The kernel's end of one model in the page, in ipywidgets' protocol 2.1.
 *
 * @see https://github.com/jupyter-widgets/ipywidgets/blob/main/packages/schema/messages.md
 */
export class WidgetModel {
  readonly #comm: Comm;
  readonly #readState: () => JsonObject;
  readonly #updates = new UpdateQueue((changes) => this.#sendState("update", changes));
  readonly #closeHandlers = new Set<() => void>();

  /** @param readState the present state, with binary data in its place */
  constructor(readState: () => JsonObject, listener: ModelListener = {}) {
    this.#readState = readState;
    const { state, bufferPaths, buffers } = splitBuffers(readState());
    const data = { state, buffer_paths: bufferPaths };
    this.#comm = new Comm(widgetTarget, { data, buffers, metadata: { version: protocolVersion } });
    this.#comm.onMsg((message) => this.#receive(message, listener));
    this.#comm.onClose(() => this.#handleClose());
  }

  get id(): string {
    return this.#comm.id;
  }

  get isOpen(): boolean {
    return this.#comm.isOpen;
  }

  close(): void {
    if (!this.isOpen) return;
    this.#comm.close();
    this.#handleClose();
  }

  /** For closing by either side. @returns the function that takes the handler off again */
  onClose(handler: () => void): () => void {
    this.#closeHandlers.add(handler);
    return () => this.#closeHandlers.delete(handler);
  }

  /** Newer values replace older ones that are still to be sent. */
  sendChanges(changes: object): void {
    this.#updates.add(changes);
  }

  /** A message to the model's views, beside the state. */
  send(content: unknown, { buffers }: Pick<PublishOptions, "buffers"> = {}): void {
    this.#comm.send({ method: "custom", content }, { buffers });
  }

  #sendState(method: "update" | "echo_update", changes: object): void {
    if (!this.isOpen) return;
    const { state, bufferPaths, buffers } = splitBuffers(changes);
    this.#comm.send({ method, state, buffer_paths: bufferPaths }, { buffers });
  }

  /** The model as the answer to `request_states` holds it, from which a reloaded page builds it anew. */
  describe(): JsonObject {
    const state = { ...this.#readState(), ...this.#updates.mark };
    const { _model_name, _model_module, _model_module_version } = state;
    return {
      model_name: _model_name,
      model_module: _model_module,
      model_module_version: _model_module_version,
      state,
    };
  }

  #receive({ content, buffers }: CommMessage, listener: ModelListener): unknown {
    const { method, state, content: custom, buffer_paths: bufferPaths } = content.data;
    if (method === "custom") return this.#receiveCustom(custom, buffers, listener);
    if (method === "request_state")
      this.#sendState("update", { ...this.#readState(), ...this.#updates.mark });
    if (method !== "update" || typeof state !== "object" || state === null) return;
    const changes = state as JsonObject;
    joinBuffers(changes, bufferPaths, buffers);
    // Before the change takes effect: what the kernel makes of it has to reach the page after its echo.
    this.#updates.forget(Object.keys(changes));
    this.#sendState("echo_update", changes);
    listener.applyChanges?.(changes);
  }

  #receiveCustom(content: unknown, buffers: CommMessage["buffers"], listener: ModelListener): unknown {
    if (!isShownNote(content)) return listener.receive?.(content, buffers);
    this.#updates.noteShown(content.page, content.update);
  }

  #handleClose(): void {
    for (const handler of [...this.#closeHandlers]) handler();
  }
}

/** How a page tells that it has shown an update. */
function isShownNote(content: unknown): content is { latentlab: "shown"; page: string; update: number } {
  const { latentlab, page, update } = Object(content) as Record<string, unknown>;
  return latentlab === "shown" && typeof page === "string" && Number.isInteger(update);
}

function openLayout(): WidgetModel {
  return new WidgetModel(() => ({ ...layoutIdentity }));
}

/**
 * Opens the models that stand for `widget` in the page, and ties the widget's state to them both ways.
 *
 * @throws TypeError where the state is no JSON with bytes; no model is open then
 */
export function openWidget(widget: Widget, session: KernelSession): WidgetModel[] {
  const layout = openLayout();
  const fixed = {
    ...anywidgetIdentity,
    _view_count: null,
    layout: `IPY_MODEL_${layout.id}`,
    _esm: widget.esm,
    _css: widget.css,
    _anywidget_id: `latentlab.${randomUUID()}`,
  };
  let model: WidgetModel;
  try {
    model = new WidgetModel(() => ({ ...fixed, ...widget.state.get() }), {
      applyChanges: (changes) => applyViewChanges(widget, model, changes, session),
      receive: (content, buffers) => takeMessage(widget, content, buffers),
    });
  } catch (error) {
    layout.close();
    throw error;
  }
  const unsubscribe = widget.state.subscribe((changes, source) => {
    if (source === "kernel") model.sendChanges(changes);
  });
  model.onClose(unsubscribe);
  model.onClose(() => layout.close());
  return [model, layout];
}

/** @throws KernelError `ERR_WIDGET_DEAF` */
function takeMessage(widget: Widget, content: unknown, buffers: CommMessage["buffers"]): unknown {
  if (widget.receive) return widget.receive(content, buffers);
  throw new KernelError(
    "ERR_WIDGET_DEAF",
    "A view has sent its widget a message: give the widget a method receive(content, buffers), or send none.",
  );
}

function applyViewChanges(
  widget: Widget,
  model: WidgetModel,
  changes: JsonObject,
  session: KernelSession,
): void {
  const state = widget.state.get() as JsonObject;
  // Only what the widget's state has: a page also sends fields of its own, such as `_view_count`.
  const known = Object.entries(changes).filter(([key]) => Object.hasOwn(state, key));
  if (known.length === 0) return;
  try {
    widget.state.set(
      Object.fromEntries(known.map(([key, value]) => [key, castBytes(value, state[key])])),
      "view",
    );
  } catch (error) {
    session.reportFailure("A widget refused a change from the page", error);
    // The page has shown the change already; it gets back what holds.
    model.sendChanges(
      Object.fromEntries(known.map(([key]) => [key, (widget.state.get() as JsonObject)[key]])),
    );
  }
}
