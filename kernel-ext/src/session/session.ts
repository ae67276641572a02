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
import { Settings } from "./settings.js";

/** The main thread's side of the kernel: user code and what it can do. */
export class Session implements KernelSession {
  readonly comms: CommManager;
  readonly widgets: WidgetManager;
  readonly settings = new Settings();
  readonly #ioThread: IoThread;
  readonly #gate: ExecutionGate;
  readonly inputs: InputPrompts;
  /** Of the main shell and of subshells. */
  readonly #running = new Set<Cell>();
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
    // What interrupted code prints is dropped; its comms stay in step with their other ends.
    if (context?.muted && !type.startsWith("comm_")) return;
    this.#ioThread.publish(type, content, context?.parentHeader ?? {}, options);
  }

  readInput(prompt: string, password: boolean): Promise<string> {
    return this.inputs.read(this.callingCell, prompt, password);
  }

  takeSignal(): AbortSignal | undefined {
    const cell = this.callingCell;
    if (cell) cell.cooperative = true;
    this.#updateGate();
    return cell?.signal;
  }

  peekSignal(): AbortSignal | undefined {
    const cell = this.callingCell;
    return cell?.interruptTaken ? undefined : cell?.signal;
  }

  endsInOrder(work: Promise<unknown>): AbortSignal | undefined {
    const cell = this.callingCell;
    cell?.endsInOrder(work);
    return cell?.signal;
  }

  holdCell(shown: Promise<unknown>): void {
    this.callingCell?.addDisplay(shown);
  }

  atCellEnd(finish: () => void): () => void {
    const cell = this.callingCell;
    return cell && !cell.ended ? cell.atEnd(finish) : () => {};
  }

  redrawAtEnd(widget: Widget, redraw: () => void): void {
    const cell = this.callingCell;
    if (!cell || cell.ended) return;
    let changed = false;
    const unsubscribe = widget.state.subscribe(() => {
      changed = true;
    });
    cell.atEnd(() => {
      try {
        unsubscribe();
        if (changed && !cell.muted && !this.widgets.isClosed(widget)) redraw();
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
    this.#running.add(cell);
    this.#updateGate();
    this.#gate.interruptRequested = false;
  }

  endCell(cell: Cell): void {
    this.#running.delete(cell);
    this.#updateGate();
    this.inputs.cancel(cell);
  }

  #updateGate(): void {
    this.#gate.cooperative = [...this.#running].some(({ cooperative }) => cooperative);
  }

  #context(): OutputContext | undefined {
    return outputContext.getStore() ?? this.#lastCell;
  }

  get callingCell(): Cell | undefined {
    const context = outputContext.getStore();
    return context instanceof Cell ? context : undefined;
  }
}
