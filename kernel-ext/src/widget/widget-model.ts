import { randomUUID } from "node:crypto";
import { Comm, type CommMessage } from "../comm/comm.js";
import type { KernelSession } from "../session/kernel-session.js";
import type { JsonObject } from "../wire/message.js";
import { type BufferPath, castBytes, joinBuffers, splitBuffers } from "./buffers.js";
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

/**
 * The kernel's end of one model in the page, in ipywidgets' protocol 2.1.
 *
 * @see https://github.com/jupyter-widgets/ipywidgets/blob/main/packages/schema/messages.md
 */
export class WidgetModel {
  readonly #comm: Comm;
  readonly #readState: () => JsonObject;

  /**
   * @param readState the present state, with binary data in its place
   * @param applyChanges takes what the reader changed
   */
  constructor(readState: () => JsonObject, applyChanges: (changes: JsonObject) => void) {
    this.#readState = readState;
    const { state, bufferPaths, buffers } = splitBuffers(readState());
    const data = { state, buffer_paths: bufferPaths };
    this.#comm = new Comm(widgetTarget, { data, buffers, metadata: { version: protocolVersion } });
    this.#comm.onMsg((message) => this.#receive(message, applyChanges));
  }

  get id(): string {
    return this.#comm.id;
  }

  get isOpen(): boolean {
    return this.#comm.isOpen;
  }

  close(): void {
    this.#comm.close();
  }

  onClose(handler: () => void): void {
    this.#comm.onClose(handler);
  }

  sendChanges(changes: object, method: "update" | "echo_update" = "update"): void {
    if (!this.isOpen) return;
    const { state, bufferPaths, buffers } = splitBuffers(changes);
    this.#comm.send({ method, state, buffer_paths: bufferPaths }, { buffers });
  }

  /** The model as the answer to `request_states` holds it, from which a reloaded page builds it anew. */
  describe(): JsonObject {
    const state = this.#readState();
    const { _model_name, _model_module, _model_module_version } = state;
    return {
      model_name: _model_name,
      model_module: _model_module,
      model_module_version: _model_module_version,
      state,
    };
  }

  #receive({ content, buffers }: CommMessage, applyChanges: (changes: JsonObject) => void): void {
    const { method, state, buffer_paths: bufferPaths } = content.data;
    if (method === "request_state") this.sendChanges(this.#readState());
    if (method !== "update" || typeof state !== "object" || state === null) return;
    const changes = state as JsonObject;
    joinBuffers(changes, (bufferPaths ?? []) as BufferPath[], buffers);
    // Before the change takes effect: what the kernel makes of it has to reach the page after its echo.
    this.sendChanges(changes, "echo_update");
    applyChanges(changes);
  }
}

function openLayout(): WidgetModel {
  return new WidgetModel(
    () => ({ ...layoutIdentity }),
    () => {},
  );
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
    model = new WidgetModel(
      () => ({ ...fixed, ...widget.state.get() }),
      (changes) => applyViewChanges(widget, model, changes, session),
    );
  } catch (error) {
    layout.close();
    throw error;
  }
  const unsubscribe = widget.state.subscribe((changes, source) => {
    if (source === "kernel") model.sendChanges(changes);
  });
  model.onClose(unsubscribe);
  return [model, layout];
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
