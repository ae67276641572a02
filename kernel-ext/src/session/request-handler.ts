import type { CommMessage } from "../comm/comm.js";
import type { Compiler } from "../compiler/compiler.js";
import type { ExecutionGate } from "../threads/execution-gate.js";
import type { MainThreadRequest, ToMainThread } from "../threads/thread-messages.js";
import type { Header, JsonObject } from "../wire/message.js";
import { answerCodeRequest } from "./answer-code-request.js";
import { describeError } from "./error-content.js";
import { type Exit, exitThroughIoThread } from "./exit.js";
import type { IoThread } from "./io-thread.js";
import { KeyboardInterrupt } from "./keyboard-interrupt.js";
import { Cell, OutputContext, outputContext } from "./output-context.js";
import { type CellResult, failCell, runCell } from "./run-cell.js";
import type { Session } from "./session.js";
import { forgetTerminatedContexts } from "./tolerate-termination.js";

/** Time for an interrupted cell to end by itself, which keeps what it has declared. */
const graceMs = 100;
/** The same for a cell that has taken `cell.signal`: a training step may be under way. */
const cooperativeGraceMs = 3000;

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
  #running: RunningCell | undefined;
  /** Requests, other than of cells, that are being answered. */
  readonly #answering = new Set<number>();
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
    else if (request.header.msg_type.startsWith("comm_")) void this.#handleComm(request);
    else this.#answer(request.requestId, () => this.#answerCodeRequest(request));
  }

  async #execute({ requestId, header, content, executionCount }: MainThreadRequest): Promise<void> {
    const cell = new Cell(header, {
      executionCount,
      silent: Boolean(content.silent),
      allowStdin: Boolean(content.allow_stdin),
    });
    const request = {
      code: String(content.code ?? ""),
      userExpressions: (content.user_expressions ?? {}) as Record<string, string>,
    };
    this.#session.beginCell(cell);
    this.#listenForSigint();
    const result = await new Promise<CellResult>((finish) => {
      this.#running = { cell, finish };
      const run = () => runCell(cell, request, this.#compiler, this.#session).then(finish);
      inTurnOfItsOwn(() => outputContext.run(cell, run));
    });
    this.#running = undefined;
    this.#session.endCell();
    try {
      this.#sendResult(requestId, header, result);
    } catch (error) {
      this.#sendResult(requestId, header, failCell(error));
    }
  }

  /** @throws TypeError where the result is no JSON, and whatever a `toJSON` in it throws */
  #sendResult(requestId: number, header: Header, { reply, publication }: CellResult): void {
    if (publication) this.#ioThread.publish(publication.type, publication.content, header);
    this.#ioThread.reply(requestId, reply);
  }

  async #handleComm(request: MainThreadRequest): Promise<void> {
    const message = request as unknown as CommMessage;
    const context = new OutputContext(request.header);
    this.#answering.add(request.requestId);
    await outputContext.run(context, async () => {
      try {
        await this.#dispatchComm(request.header.msg_type, message);
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

  #answerCodeRequest({ header, content }: MainThreadRequest): JsonObject {
    try {
      return answerCodeRequest(header.msg_type, content, this.#compiler);
    } catch (error) {
      return { status: "error", ...describeError(error) };
    }
  }

  #answer(requestId: number, createContent: () => JsonObject): void {
    this.#answering.add(requestId);
    this.#ioThread.reply(requestId, createContent());
    this.#answering.delete(requestId);
  }

  /** Called in a turn of its own: no user code is running, though some may have been terminated just before. */
  #interrupt(interruptId: number): void {
    this.#ioThread.acknowledgeInterrupt(interruptId);
    this.#listenForSigint();
    forgetTerminatedContexts();
    const error = describeError(new KeyboardInterrupt());
    for (const requestId of this.#answering) this.#ioThread.reply(requestId, { status: "error", ...error });
    this.#answering.clear();
    const running = this.#running;
    if (!running || running.interruptId === interruptId) return;
    const patienceMs = this.#gate.cooperative ? cooperativeGraceMs : graceMs;
    const waitMs = running.cell.interrupted ? 0 : patienceMs;
    running.interruptId = interruptId;
    running.cell.interrupt();
    this.#session.inputs.cancel();
    setTimeout(() => this.#abandon(running), waitMs);
  }

  /** Terminated code takes the listener with it: Node's `vm` puts listeners aside and then cannot put them back. */
  #listenForSigint(): void {
    if (!process.listeners("SIGINT").includes(this.#onSigint)) process.on("SIGINT", this.#onSigint);
  }

  /** Ends a cell that did not end when it was asked to. */
  #abandon(running: RunningCell): void {
    if (this.#running !== running) return;
    running.cell.abandon();
    this.#compiler.interrupt();
    setImmediate(() => running.finish(failCell(new KeyboardInterrupt())));
  }
}
