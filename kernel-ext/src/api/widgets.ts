import { displaySymbol, type MimeBundle } from "../base/mime-bundle.js";
import { findKernelSession, type PublishOptions } from "../session/kernel-session.js";
import type { LinkEnd } from "../widget/link.js";
import type { Widget } from "../widget/widget.js";

/** What can be done with widgets that are shown. Does nothing in plain Node. */
export const widgets = {
  /**
   * Sends a message to the widget's views, which hear it by `model.on("msg:custom", (content, buffers) => ...)`. What
   * views send arrives at the widget's own `receive(content, buffers)`.
   *
   * @throws KernelError `ERR_WIDGET_CLOSED` for a widget that is not shown
   */
  send(widget: Widget, content: unknown, options?: Pick<PublishOptions, "buffers">): void {
    findKernelSession()?.widgets.send(widget, content, options);
  },

  /**
   * Removes the widget's views, wherever they are shown, and what the kernel and the page keep for them; links to it
   * end. Without this a widget that was shown is kept, though its cell is executed again.
   */
  close(widget: Widget): void {
    findKernelSession()?.widgets.close(widget);
  },

  /** Does the same with all widgets that are shown. */
  closeAll(): void {
    findKernelSession()?.widgets.closeAll();
  },
};

/**
 * Runs `work`, whose changes of widgets' states reach the page together, as one update for each widget. It may be
 * asynchronous. What other cells, and handlers of what the page sends, change meanwhile is not kept back; when the calling cell
 * ends, so does the hold.
 */
export function hold<Result>(work: () => Result): Result {
  const session = findKernelSession();
  return session ? session.widgets.hold(work) : work();
}

/** Two properties that are tied together. As the last expression of a cell it shows nothing. */
export class Link {
  readonly #untie: () => void;

  constructor(untie: () => void) {
    this.#untie = untie;
  }

  unlink(): void {
    this.#untie();
  }

  [displaySymbol](): MimeBundle {
    return {};
  }
}

/**
 * Ties a property of one widget to one of another, both ways: `jslink([grid, "channel"], [slider, "channel"])`. The page
 * does it by itself, also in a saved notebook without a kernel. Does nothing in plain Node.
 *
 * @throws KernelError `ERR_LINK_BAD` for a property that a widget does not have
 */
export function jslink(source: LinkEnd, target: LinkEnd): Link {
  return link(source, target, false);
}

/** The same one way: the target follows the source. */
export function jsdlink(source: LinkEnd, target: LinkEnd): Link {
  return link(source, target, true);
}

function link(source: LinkEnd, target: LinkEnd, directional: boolean): Link {
  const model = findKernelSession()?.widgets.link(source, target, directional);
  return new Link(() => model?.close());
}
