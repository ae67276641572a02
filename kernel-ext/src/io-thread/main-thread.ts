import type { MessagePort } from "node:worker_threads";
import {
  copyBytes,
  type MainThreadRequest,
  type PublishMessage,
  type Settlement,
  type ToIoThread,
  type ToMainThread,
} from "../threads/thread-messages.js";
import type { Header, JsonObject, Message } from "../wire/message.js";
import type { IopubMessage } from "./iopub.js";

/** Time in which output that is held back, or is with ZeroMQ, goes out before the process ends. */
const flushMs = 200;

/** What has become of a cell's code. */
export interface Execution {
  /** The reply's content. */
  reply: JsonObject;
  /** Resolves when what is reported beside the cell, such as its type errors, has been published. */
  settled: Promise<Settlement>;
}

/** What the main thread asks for of its own accord. */
export interface MainThreadListener {
  onPublish(message: IopubMessage): void;
  onInputRequest(request: { prompt: string; password: boolean; parentHeader: Header }): void;
  onInterruptSignal(): void;
  /** The process is about to end by the main thread's wish. */
  onEnd(): void;
}

/** The main thread as the I/O thread sees it. */
export class MainThread {
  readonly #port: MessagePort;
  readonly #replies = new Map<number, (content: JsonObject) => void>();
  readonly #settlements = new Map<number, (settlement: Settlement) => void>();
  readonly #interruptAcks = new Map<number, () => void>();
  #lastRequestId = 0;

  constructor(port: MessagePort, listener: MainThreadListener) {
    this.#port = port;
    port.on("message", (message: ToIoThread) => this.#receive(message, listener));
  }

  /** Hands the message of a comm over; resolves to the content of the reply. */
  request(message: Message): Promise<JsonObject> {
    return this.#request(message, 0).reply;
  }

  /** Hands a cell over; resolves when its code has come to its end. */
  async execute(message: Message, executionCount: number): Promise<Execution> {
    const { requestId, reply } = this.#request(message, executionCount);
    const settled = new Promise<Settlement>((resolve) => this.#settlements.set(requestId, resolve));
    return { reply: await reply, settled };
  }

  #request(message: Message, executionCount: number): { requestId: number; reply: Promise<JsonObject> } {
    const requestId = ++this.#lastRequestId;
    const buffers = message.buffers.map(copyBytes);
    const { header, content, metadata } = message;
    const request: MainThreadRequest = {
      kind: "request",
      requestId,
      header,
      content,
      metadata,
      buffers,
      executionCount,
    };
    const reply = new Promise<JsonObject>((resolve) => {
      this.#replies.set(requestId, resolve);
      this.#post(
        request,
        buffers.map((bytes) => bytes.buffer),
      );
    });
    return { requestId, reply };
  }

  /**
   * Asks the running cell to stop; resolves when the main thread has heard it.
   * @param interruptId the same for every attempt at one interrupt
   */
  interrupt(interruptId: number): Promise<void> {
    return new Promise((resolve) => {
      this.#interruptAcks.set(interruptId, resolve);
      this.#post({ kind: "interrupt", interruptId });
    });
  }

  replyInput(value: string): void {
    this.#post({ kind: "input_reply", value });
  }

  exit(): void {
    this.#post({ kind: "exit" });
  }

  #post(message: ToMainThread, transfer: ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfer);
  }

  #receive(message: ToIoThread, listener: MainThreadListener): void {
    switch (message.kind) {
      case "publish":
        listener.onPublish(readPublication(message));
        break;
      case "reply":
        this.#replies.get(message.requestId)?.(JSON.parse(message.contentJson));
        this.#replies.delete(message.requestId);
        break;
      case "settled":
        this.#settlements.get(message.requestId)?.(message.settlement);
        this.#settlements.delete(message.requestId);
        break;
      case "interrupt_ack":
        this.#interruptAcks.get(message.interruptId)?.();
        this.#interruptAcks.delete(message.interruptId);
        break;
      case "interrupt_signal":
        listener.onInterruptSignal();
        break;
      case "end_process":
        listener.onEnd();
        setTimeout(() => process.kill(process.pid, "SIGKILL"), flushMs);
        break;
      case "input_request":
        listener.onInputRequest(message);
        break;
    }
  }
}

function readPublication({
  type,
  contentJson,
  metadataJson,
  parentHeader,
  buffers,
}: PublishMessage): IopubMessage {
  return {
    type,
    content: JSON.parse(contentJson),
    metadata: JSON.parse(metadataJson),
    parentHeader,
    buffers,
  };
}
