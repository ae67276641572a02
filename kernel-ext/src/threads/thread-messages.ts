import type { MessagePort } from "node:worker_threads";
import type { NativeOutputFiles } from "../native-output/redirect.js";
import type { Connection } from "../wire/connection-file.js";
import type { Header, JsonObject, NoHeader } from "../wire/message.js";

/** What the I/O thread is started with. */
export interface IoThreadData {
  connection: Connection;
  /** The I/O thread's end of the channel between the two threads. */
  port: MessagePort;
  /** Of the compiler thread. */
  checkerPort: MessagePort;
  executionGate: SharedArrayBuffer;
  /** Undefined where native output goes to the terminal still. */
  nativeOutput: NativeOutputFiles | undefined;
  typescriptVersion: string;
}

/** A front end's request that only the main thread can answer. */
export interface MainThreadRequest {
  kind: "request";
  requestId: number;
  header: Header;
  content: JsonObject;
  metadata: JsonObject;
  buffers: Uint8Array<ArrayBuffer>[];
  /** Number of the cell; 0 for requests that are not `execute_request`. */
  executionCount: number;
}

export type ToMainThread =
  | MainThreadRequest
  | { kind: "interrupt"; interruptId: number }
  | { kind: "input_reply"; value: string }
  | { kind: "exit" };

/** How a cell's time came to an end: with all said that was to be said of it, or by an interrupt while that lasted. */
export type Settlement = "reported" | "stopped";

export interface PublishMessage {
  kind: "publish";
  type: string;
  contentJson: string;
  metadataJson: string;
  parentHeader: Header | NoHeader;
  buffers: Uint8Array<ArrayBuffer>[];
}

export type ToIoThread =
  | PublishMessage
  | { kind: "reply"; requestId: number; contentJson: string }
  /** Of a cell, after its reply. */
  | { kind: "settled"; requestId: number; settlement: Settlement }
  | { kind: "interrupt_ack"; interruptId: number }
  | { kind: "interrupt_signal" }
  | { kind: "end_process" }
  | { kind: "input_request"; prompt: string; password: boolean; parentHeader: Header };

/** Copies bytes into memory of their own, so that they can be moved to the other thread without a second copy. */
export function copyBytes(source: ArrayBufferView | ArrayBuffer): Uint8Array<ArrayBuffer> {
  return ArrayBuffer.isView(source)
    ? new Uint8Array(new Uint8Array(source.buffer, source.byteOffset, source.byteLength))
    : new Uint8Array(source.slice(0));
}
