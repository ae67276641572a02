import type { CommManager } from "../comm/comm-manager.js";
import type { Widget } from "../widget/widget.js";
import type { WidgetManager } from "../widget/widget-manager.js";
import type { JsonObject } from "../wire/message.js";
import type { Settings } from "./settings.js";

export interface PublishOptions {
  metadata?: JsonObject;
  buffers?: readonly (ArrayBufferView | ArrayBuffer)[];
}

/** The running kernel as the user's API sees it. */
export interface KernelSession {
  readonly comms: CommManager;
  readonly widgets: WidgetManager;
  readonly settings: Settings;
  /** Sends a message of the broadcast channel, as an answer to whatever the calling code runs for. */
  publish(type: string, content: JsonObject, options?: PublishOptions): void;
  /** Asks the reader for a line of text. */
  readInput(prompt: string, password: boolean): Promise<string>;
  /** Whatever stands for the cell whose code is calling, if it is one's. */
  readonly callingCell: object | undefined;
  /** The signal of the calling cell; taking it promises to look at it between steps. */
  takeSignal(): AbortSignal | undefined;
  /** The same signal without the promise; undefined once the interrupt has been thrown, since handlers may go on. */
  peekSignal(): AbortSignal | undefined;
  /** Promises that `work` of the calling cell ends in order once the signal is aborted, however long its step takes. */
  endsInOrder(work: Promise<unknown>): AbortSignal | undefined;
  /** Makes the calling cell wait until something is shown. */
  holdCell(shown: Promise<unknown>): void;
  /**
   * Calls `finish`, which must not throw, when the calling cell ends; never where no running cell is calling.
   * @returns the function that takes this back
   */
  atCellEnd(finish: () => void): () => void;
  /** Calls `redraw` at the end of the calling cell if the widget's state has changed until then. */
  redrawAtEnd(widget: Widget, redraw: () => void): void;
  /** Reports a failure that must not stop its caller, on the calling cell's stderr. */
  reportFailure(situation: string, error: unknown): void;
}

const slot = Symbol.for("latentlab.session");
const holder = globalThis as { [slot]?: KernelSession };

/**
 * The kernel that this process is, or `undefined` in plain Node. A slot on the global object, since a notebook may
 * have imported another copy of this package than the one that runs the kernel.
 */
export function findKernelSession(): KernelSession | undefined {
  return holder[slot];
}

export function installKernelSession(session: KernelSession): void {
  holder[slot] = session;
}
