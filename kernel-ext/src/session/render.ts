import {
  describeAsText,
  displaySymbol,
  drawAsText,
  encodeMimeBundle,
  isDisplayable,
  type MimeBundle,
} from "../base/mime-bundle.js";
import { isWidget } from "../widget/widget-manager.js";
import type { KernelSession } from "./kernel-session.js";

/**
 * How a value is shown: a widget as its live view with its picture beside it, else what the value says of itself, else
 * as text. Values that need no waiting are answered at once, so that displays keep the order of the code. What fails
 * to draw is reported and shown as text: a display never ends a cell.
 */
export function render(value: unknown, session: KernelSession): MimeBundle | Promise<MimeBundle> {
  const fail = (error: unknown): MimeBundle => {
    session.reportFailure("A value could not draw itself and is shown as text", error);
    return describeAsText(value);
  };
  try {
    const bundle = draw(value, session);
    return bundle instanceof Promise ? bundle.catch(fail) : bundle;
  } catch (error) {
    return fail(error);
  }
}

function draw(value: unknown, session: KernelSession): MimeBundle | Promise<MimeBundle> {
  if (isWidget(value)) return session.widgets.render(value);
  if (!isDisplayable(value)) return drawAsText(value);
  const bundle = value[displaySymbol]();
  return bundle instanceof Promise ? bundle.then(encodeMimeBundle) : encodeMimeBundle(bundle);
}
