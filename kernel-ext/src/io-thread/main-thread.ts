import type { MessagePort } from "node:worker_threads";
import {
  copyBytes,
  type MainThreadRequest,
  type PublishMessage,
  type ToIoThread,
  type ToMainThread,
} from "../threads/thread-messages.js";
import type { Header, JsonObject, Message } from "../wire/message.js";
import type { IopubMessage } from "./iopub.js";

/** Time in which output that is held back, or is with ZeroMQ, goes out before the process ends. */
const flushMs = 200;

/** What the main thread asks for of its own accord. */
export interface MainThreadListener {
  onPublish(message: IopubMessage): void;
  onInputRequest(request: { prompt: string; password: boolean; parentHeader: Header }): void;
  onInterruptSignal(): void;
}

/** The main thread as the I/O thread sees it. */
export class MainThread {
  readonly #port: MessagePort;
  readonly #replies = new Map<number, (content: JsonObject) => void>();
  readonly #interruptAcks = new Map<number, () => void>();
  #lastRequestId = 0;

  constructor(port: MessagePort, listener: MainThreadListener) {
    this.#port = port;
    port.on("message", (message: ToIoThread) => this.#receive(message, listener));
  }

  /** Hands a front end's request over; resolves to the content of the reply. */
  request(message: Message, executionCount = 0): Promise<JsonObject> {
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
    return new Promise((resolve) => {
      this.#replies.set(requestId, resolve);
      this.#post(
        request,
        buffers.map((bytes) => bytes.buffer),
      );
    });
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
      case "interrupt_ack":
        this.#interruptAcks.get(message.interruptId)?.();
        this.#interruptAcks.delete(message.interruptId);
        break;
      case "interrupt_signal":
        listener.onInterruptSignal();
        break;
      case "end_process":
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
