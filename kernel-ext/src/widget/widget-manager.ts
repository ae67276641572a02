import type { KernelSession } from "../session/kernel-session.js";
import { encodeMimeBundle } from "../session/mime-bundle.js";
import type { JsonObject } from "../wire/message.js";
import { splitBuffers } from "./buffers.js";
import { type MimeBundle, type Widget, widgetBrand } from "./widget.js";
import { openWidget, type WidgetModel } from "./widget-model.js";

const viewMimeType = "application/vnd.jupyter.widget-view+json";
const controlTarget = "jupyter.widget.control";

export function isWidget(value: unknown): value is Widget {
  return typeof value === "object" && value !== null && (value as Partial<Widget>)[widgetBrand] === true;
}

/** The widgets that have been shown. Showing one again adds a view of the same model. */
export class WidgetManager {
  readonly #session: KernelSession;
  readonly #modelOfWidget = new WeakMap<Widget, WidgetModel>();
  readonly #models = new Map<string, WidgetModel>();

  constructor(session: KernelSession) {
    this.#session = session;
    this.#answerControlComms();
  }

  /** The live view for pages with a kernel, and the widget's own picture for those without. */
  async render(widget: Widget): Promise<MimeBundle> {
    const view = this.#openView(widget);
    return { ...(await this.#drawStatic(widget)), ...view };
  }

  #openView(widget: Widget): MimeBundle {
    try {
      const { id } = this.#findOrOpen(widget);
      return { [viewMimeType]: { version_major: 2, version_minor: 0, model_id: id } };
    } catch (error) {
      this.#session.reportFailure("A widget's state cannot be sent; only its static picture is shown", error);
      return {};
    }
  }

  #findOrOpen(widget: Widget): WidgetModel {
    const known = this.#modelOfWidget.get(widget);
    if (known?.isOpen) return known;
    const models = openWidget(widget, this.#session);
    for (const model of models) {
      this.#models.set(model.id, model);
      model.onClose(() => this.#models.delete(model.id));
    }
    const [model] = models as [WidgetModel, ...WidgetModel[]];
    this.#modelOfWidget.set(widget, model);
    return model;
  }

  async #drawStatic(widget: Widget): Promise<MimeBundle> {
    try {
      const bundle = encodeMimeBundle(await widget.toMimeBundle());
      return { "text/plain": "Widget", ...bundle };
    } catch (error) {
      this.#session.reportFailure("A widget's static picture failed; its live view is not affected", error);
      return { "text/plain": "Widget" };
    }
  }

  /** A page that is loaded anew asks over a comm of its own for all models at once. */
  #answerControlComms(): void {
    this.#session.comms.registerTarget(controlTarget, (comm) => {
      comm.onMsg(({ content }) => {
        if (content.data.method !== "request_states") return;
        const models = Object.fromEntries([...this.#models].map(([id, model]) => [id, model.describe()]));
        const { state: states, bufferPaths, buffers } = splitBuffers(models as JsonObject);
        comm.send({ method: "update_states", states, buffer_paths: bufferPaths }, { buffers });
      });
    });
  }
}
