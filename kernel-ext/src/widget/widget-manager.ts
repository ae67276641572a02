import { KernelError } from "../base/kernel-error.js";
import { encodeMimeBundle, type MimeBundle } from "../base/mime-bundle.js";
import type { KernelSession, PublishOptions } from "../session/kernel-session.js";
import type { JsonObject } from "../wire/message.js";
import { splitBuffers } from "./buffers.js";
import { type IdentifiedEnd, type LinkEnd, openLink } from "./link.js";
import { holdUpdates } from "./update-queue.js";
import { type Widget, widgetBrand } from "./widget.js";
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

  /**
   * Ties two properties together in the page itself, where it works without a kernel, too.
   *
   * @throws KernelError `ERR_LINK_BAD` for a property that a widget does not have
   */
  link(source: LinkEnd, target: LinkEnd, directional: boolean): WidgetModel {
    const [from, to] = [this.#identify(source), this.#identify(target)];
    return this.#add(openLink(from, to, directional));
  }

  /**
   * Sends a message to the widget's views.
   *
   * @throws KernelError `ERR_WIDGET_CLOSED` for a widget that has none
   */
  send(widget: Widget, content: unknown, options?: Pick<PublishOptions, "buffers">): void {
    const model = this.#modelOfWidget.get(widget);
    if (!model?.isOpen) {
      throw new KernelError(
        "ERR_WIDGET_CLOSED",
        "The widget has no views to send a message to: show it first.",
      );
    }
    model.send(content, options);
  }

  /** Removes the widget's views. Shown again, it gets a new model. */
  close(widget: Widget): void {
    this.#modelOfWidget.get(widget)?.close();
  }

  closeAll(): void {
    for (const model of [...this.#models.values()]) model.close();
  }

  isClosed(widget: Widget): boolean {
    return this.#modelOfWidget.get(widget)?.isOpen === false;
  }

  /** See {@link holdUpdates}. */
  hold<Result>(work: () => Result): Result {
    return holdUpdates(work, (end) => this.#session.atCellEnd(end));
  }

  #identify([widget, property]: LinkEnd): IdentifiedEnd {
    const state = isWidget(widget) ? widget.state.get() : {};
    if (!Object.hasOwn(state, property)) {
      const known = Object.keys(state).join(", ") || "none: this is no widget";
      throw new KernelError(
        "ERR_LINK_BAD",
        `There is no property "${property}" to link; there are: ${known}.`,
      );
    }
    return { model: this.#findOrOpen(widget), property };
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
    for (const model of models) this.#add(model);
    const [model] = models as [WidgetModel, ...WidgetModel[]];
    this.#modelOfWidget.set(widget, model);
    return model;
  }

  #add(model: WidgetModel): WidgetModel {
    this.#models.set(model.id, model);
    model.onClose(() => this.#models.delete(model.id));
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
