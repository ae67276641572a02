import type { MessagePort } from "node:worker_threads";
import { copyBytes, type Settlement, type ToIoThread } from "../threads/thread-messages.js";
import type { Header, JsonObject, NoHeader } from "../wire/message.js";
import type { PublishOptions } from "./kernel-session.js";

/** The I/O thread as the main thread sees it. */
export class IoThread {
  readonly #port: MessagePort;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  publish(
    type: string,
    content: JsonObject,
    parentHeader: Header | NoHeader,
    { metadata = {}, buffers = [] }: PublishOptions = {},
  ): void {
    const copies = buffers.map(copyBytes);
    // Text rather than objects: what user code hands over may hold what only JSON knows how to turn into data.
    const [contentJson, metadataJson] = [JSON.stringify(content), JSON.stringify(metadata)];
    this.#post(
      { kind: "publish", type, contentJson, metadataJson, parentHeader, buffers: copies },
      copies.map((bytes) => bytes.buffer),
    );
  }

  reply(requestId: number, content: JsonObject): void {
    this.#post({ kind: "reply", requestId, contentJson: JSON.stringify(content) });
  }

  /** A cell has its reply, and what was still to be said of it has been published. */
  settle(requestId: number, settlement: Settlement): void {
    this.#post({ kind: "settled", requestId, settlement });
  }

  acknowledgeInterrupt(interruptId: number): void {
    this.#post({ kind: "interrupt_ack", interruptId });
  }

  signalInterrupt(): void {
    this.#post({ kind: "interrupt_signal" });
  }

  /** Ends the process, with no regard to what this thread does, once all that it has sent has gone out. */
  endProcess(): void {
    this.#post({ kind: "end_process" });
  }

  requestInput(prompt: string, password: boolean, parentHeader: Header): void {
    this.#post({ kind: "input_request", prompt, password, parentHeader });
  }

  #post(message: ToIoThread, transfer: ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfer);
  }
}
