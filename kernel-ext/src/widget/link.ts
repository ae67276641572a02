import type { JsonObject } from "../wire/message.js";
import type { Widget } from "./widget.js";
import { WidgetModel } from "./widget-model.js";

const controls = { module: "@jupyter-widgets/controls", version: "2.0.0" };

/** A widget and a property of its state. */
export type LinkEnd = readonly [widget: Widget, property: string];

/** The link ends with either of the two models.
 * @param directional whether changes of the target stay there */
export function openLink(source: IdentifiedEnd, target: IdentifiedEnd, directional: boolean): WidgetModel {
  const name = directional ? "DirectionalLinkModel" : "LinkModel";
  const state: JsonObject = {
    _model_module: controls.module,
    _model_module_version: controls.version,
    _model_name: name,
    _view_module: controls.module,
    _view_module_version: controls.version,
    _view_name: null,
    source: [`IPY_MODEL_${source.model.id}`, source.property],
    target: [`IPY_MODEL_${target.model.id}`, target.property],
  };
  const link = new WidgetModel(() => state);
  // A page that is loaded anew cannot build a link to a model that is gone.
  for (const { model } of [source, target]) link.onClose(model.onClose(() => link.close()));
  return link;
}

export interface IdentifiedEnd {
  model: WidgetModel;
  property: string;
}
