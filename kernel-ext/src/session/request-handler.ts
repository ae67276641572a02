import type { CommMessage } from "../comm/comm.js";
import type { Compiler } from "../compiler/compiler.js";
import type { ExecutionGate } from "../threads/execution-gate.js";
import type { MainThreadRequest, Settlement, ToMainThread } from "../threads/thread-messages.js";
import { flushUpdates, offerUpdates } from "../widget/update-queue.js";
import type { Header, JsonObject } from "../wire/message.js";
import { describeError } from "./error-content.js";
import { type Exit, exitThroughIoThread } from "./exit.js";
import type { IoThread } from "./io-thread.js";
import { KeyboardInterrupt } from "./keyboard-interrupt.js";
import { Cell, OutputContext, outputContext } from "./output-context.js";
import { type CellResult, failCell, runCell } from "./run-cell.js";
import type { Session } from "./session.js";
import { stopCell } from "./stop-cell.js";
import { forgetTerminatedContexts } from "./tolerate-termination.js";

interface RunningCell {
  cell: Cell;
  /** Of the last interrupt that the cell has got. */
  interruptId?: number;
  finish: (result: CellResult) => void;
}

/**
 * Terminated code takes down whoever called it. The message port would be left broken, and so would the list of
 * immediates while it runs one of them; a tick after an immediate is nobody's.
 */
function inTurnOfItsOwn(work: () => void): void {
  setImmediate(() => process.nextTick(work));
}

/** Does on the main thread what the I/O thread asks for. */
export class RequestHandler {
  readonly #session: Session;
  readonly #ioThread: IoThread;
  readonly #compiler: Compiler;
  readonly #gate: ExecutionGate;
  /** Of the main shell and of subshells. */
  readonly #running = new Set<RunningCell>();
  /** End the wait for what is reported beside cells. */
  readonly #settling = new Set<() => void>();
  /** Requests, other than of cells, that are being answered. */
  readonly #answering = new Set<number>();
  /** Cells that were silent, or not for the history. */
  #uncounted = 0;
  readonly #exit: Exit;
  readonly #onSigint = () => this.#ioThread.signalInterrupt();

  constructor(session: Session, ioThread: IoThread, compiler: Compiler, gate: ExecutionGate) {
    this.#session = session;
    this.#ioThread = ioThread;
    this.#compiler = compiler;
    this.#gate = gate;
    this.#exit = exitThroughIoThread(ioThread);
    this.#listenForSigint();
  }

  receive(message: ToMainThread): void {
    switch (message.kind) {
      case "request":
        inTurnOfItsOwn(() => this.#handleRequest(message));
        break;
      case "interrupt":
        // In line behind the request of the cell that it is to interrupt.
        setImmediate(() => this.#interrupt(message.interruptId));
        break;
      case "input_reply":
        this.#session.inputs.take(message.value);
        break;
      case "exit":
        // The I/O thread has let go of what makes this unsafe otherwise.
        this.#exit(0);
    }
  }

  #handleRequest(request: MainThreadRequest): void {
    if (request.header.msg_type === "execute_request") void this.#execute(request);
    else void this.#handleComm(request);
  }

  async #execute({ requestId, header, content, executionCount }: MainThreadRequest): Promise<void> {
    const cell = new Cell(header, {
      executionCount,
      name: this.#nameOf(executionCount, content),
      silent: Boolean(content.silent),
      allowStdin: Boolean(content.allow_stdin),
    });
    const request = {
      code: String(content.code ?? ""),
      userExpressions: (content.user_expressions ?? {}) as JsonObject,
    };
    this.#session.beginCell(cell);
    this.#listenForSigint();
    let running: RunningCell | undefined;
    const result = await new Promise<CellResult>((finish) => {
      running = { cell, finish };
      this.#running.add(running);
      const run = () => runCell(cell, request, this.#compiler, this.#session).then(finish);
      inTurnOfItsOwn(() => outputContext.run(cell, run));
    });
    if (running) this.#running.delete(running);
    this.#session.endCell(cell);
    try {
      this.#sendResult(requestId, header, result);
    } catch (error) {
      this.#sendResult(requestId, header, failCell(error));
    }
    this.#ioThread.settle(requestId, await this.#settle(cell));
  }

  /** The count of a cell that does not count is an earlier one's, whose functions are still to be told by theirs. */
  #nameOf(executionCount: number, { silent, store_history: counts }: JsonObject): string {
    if (!silent && counts !== false) return `cell[${executionCount}]`;
    return `cell[${executionCount}.${++this.#uncounted}]`;
  }

  /** Waits, until the next interrupt, for what is reported beside a cell whose code has come to its end. */
  async #settle(cell: Cell): Promise<Settlement> {
    if (cell.interrupted) return "stopped";
    let stop = () => {};
    const stopped = new Promise<Settlement>((resolve) => {
      stop = () => resolve("stopped");
    });
    this.#settling.add(stop);
    const reported = cell.allReported().then((): Settlement => "reported");
    const settlement = await Promise.race([reported, stopped]);
    this.#settling.delete(stop);
    return settlement;
  }

  /** @throws TypeError where the result is no JSON, and whatever a `toJSON` in it throws */
  #sendResult(requestId: number, header: Header, { reply, publication }: CellResult): void {
    if (publication) this.#ioThread.publish(publication.type, publication.content, header);
    this.#ioThread.reply(requestId, reply);
  }

  async #handleComm(request: MainThreadRequest): Promise<void> {
    const message = { ...request, content: { data: {}, ...request.content } } as unknown as CommMessage;
    const context = new OutputContext(request.header);
    this.#answering.add(request.requestId);
    await outputContext.run(context, async () => {
      try {
        await this.#dispatchComm(request.header.msg_type, message);
        offerUpdates();
      } catch (error) {
        this.#session.reportFailure("A comm's handler failed", error);
      }
    });
    this.#answer(request.requestId, () => ({}));
  }

  async #dispatchComm(type: string, message: CommMessage): Promise<void> {
    const { comms } = this.#session;
    if (type === "comm_open") await comms.receiveOpen(message);
    else if (type === "comm_msg") await comms.get(message.content.comm_id)?.receive(message);
    else await comms.get(message.content.comm_id)?.receiveClose(message);
  }

  #answer(requestId: number, createContent: () => JsonObject): void {
    this.#answering.add(requestId);
    this.#ioThread.reply(requestId, createContent());
    this.#answering.delete(requestId);
  }

  /** Called in a turn of its own: no user code is running, though some may have been terminated just before. */
  #interrupt(interruptId: number): void {
    this.#ioThread.acknowledgeInterrupt(interruptId);
    this.#gate.interruptRequested = false;
    this.#listenForSigint();
    forgetTerminatedContexts();
    const error = describeError(new KeyboardInterrupt());
    for (const requestId of this.#answering) this.#ioThread.reply(requestId, { status: "error", ...error });
    this.#answering.clear();
    for (const running of this.#running) this.#interruptCell(running, interruptId);
    for (const stop of this.#settling) stop();
  }

  #interruptCell(running: RunningCell, interruptId: number): void {
    if (running.interruptId === interruptId) return;
    const insists = running.interruptId !== undefined;
    running.interruptId = interruptId;
    if (insists) this.#abandon(running);
    else void this.#stop(running);
  }

  async #stop(running: RunningCell): Promise<void> {
    const { cell } = running;
    const isOver = () => !this.#running.has(running);
    const say = (text: string) => {
      const content = { name: "stderr", text: `Interrupting: ${text}\n` };
      if (!isOver()) this.#ioThread.publish("stream", content, cell.parentHeader);
    };
    this.#session.inputs.cancel(cell);
    await stopCell(cell, isOver, say);
    this.#abandon(running);
  }

  /** Terminated code takes the listener with it: Node's `vm` puts listeners aside and then cannot put them back. */
  #listenForSigint(): void {
    if (!process.listeners("SIGINT").includes(this.#onSigint)) process.on("SIGINT", this.#onSigint);
  }

  /** Ends a cell that did not end when it was asked to. */
  #abandon(running: RunningCell): void {
    if (!this.#running.has(running)) return;
    running.cell.abandon();
    setImmediate(() => {
      // Code that was terminated has not come to its end, where this is done otherwise.
      flushUpdates();
      running.finish(failCell(new KeyboardInterrupt()));
    });
  }
}
