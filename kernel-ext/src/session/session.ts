import { CommManager } from "../comm/comm-manager.js";
import type { ExecutionGate } from "../threads/execution-gate.js";
import type { Widget } from "../widget/widget.js";
import { WidgetManager } from "../widget/widget-manager.js";
import type { JsonObject } from "../wire/message.js";
import { describeErrorAsText } from "./error-content.js";
import { InputPrompts } from "./input-prompts.js";
import type { IoThread } from "./io-thread.js";
import type { KernelSession, PublishOptions } from "./kernel-session.js";
import { Cell, type OutputContext, outputContext } from "./output-context.js";

/** The main thread's side of the kernel: user code and what it can do. */
export class Session implements KernelSession {
  readonly comms: CommManager;
  readonly widgets: WidgetManager;
  readonly #ioThread: IoThread;
  readonly #gate: ExecutionGate;
  readonly inputs: InputPrompts;
  /** Where output goes that belongs to nothing. */
  #lastCell: Cell | undefined;

  constructor(ioThread: IoThread, gate: ExecutionGate) {
    this.#ioThread = ioThread;
    this.#gate = gate;
    this.inputs = new InputPrompts(ioThread);
    this.comms = new CommManager(this);
    this.widgets = new WidgetManager(this);
  }

  publish(type: string, content: JsonObject, options?: PublishOptions): void {
    const context = this.#context();
    if (context?.muted) return;
    this.#ioThread.publish(type, content, context?.parentHeader ?? {}, options);
  }

  readInput(prompt: string, password: boolean): Promise<string> {
    return this.inputs.read(this.#callingCell(), prompt, password);
  }

  takeSignal(): AbortSignal | undefined {
    const cell = this.#callingCell();
    if (cell) this.#gate.cooperative = true;
    return cell?.signal;
  }

  peekSignal(): AbortSignal | undefined {
    return this.#callingCell()?.signal;
  }

  holdCell(shown: Promise<unknown>): void {
    this.#callingCell()?.addDisplay(shown);
  }

  redrawAtEnd(widget: Widget, redraw: () => void): void {
    const cell = this.#callingCell();
    if (!cell || cell.ended) return;
    let changed = false;
    const unsubscribe = widget.state.subscribe(() => {
      changed = true;
    });
    cell.atEnd(() => {
      try {
        unsubscribe();
        if (changed && !cell.muted) redraw();
      } catch (error) {
        this.reportFailure("A widget's picture could not be drawn anew", error);
      }
    });
  }

  reportFailure(situation: string, error: unknown): void {
    const text = `${situation}: ${describeErrorAsText(error)}\n`;
    this.publish("stream", { name: "stderr", text });
  }

  beginCell(cell: Cell): void {
    this.#lastCell = cell;
    this.#gate.cooperative = false;
  }

  endCell(): void {
    this.#gate.cooperative = false;
    this.inputs.cancel();
  }

  #context(): OutputContext | undefined {
    return outputContext.getStore() ?? this.#lastCell;
  }

  #callingCell(): Cell | undefined {
    const context = outputContext.getStore();
    return context instanceof Cell ? context : undefined;
  }
}
