import type { Codec } from "../wire/codec.js";
import type { Header, JsonObject, NoHeader } from "../wire/message.js";
import type { SendQueue } from "./sockets.js";

/** Text is held back this long, so that a burst of lines becomes a few messages. */
const streamDelayMs = 20;
const streamLimitChars = 64 * 1024;

export interface IopubMessage {
  type: string;
  content: JsonObject;
  parentHeader: Header | NoHeader;
  metadata?: JsonObject;
  buffers?: readonly Uint8Array[];
}

interface HeldText {
  name: string;
  chunks: string[];
  lengthChars: number;
  parentHeader: Header | NoHeader;
}

/** The broadcast channel. Stream text is merged; the order of everything is kept. */
export class Iopub {
  readonly #codec: Codec;
  readonly #queue: SendQueue;
  #held: HeldText | undefined;
  #timer: NodeJS.Timeout | undefined;
  #drain: () => void = () => {};

  constructor(codec: Codec, queue: SendQueue) {
    this.#codec = codec;
    this.#queue = queue;
  }

  publish(message: IopubMessage): void {
    if (message.type === "stream") {
      this.#hold(String(message.content.name), String(message.content.text), message.parentHeader);
      return;
    }
    this.#sendHeld();
    this.#send(message);
  }

  publishStatus(state: "starting" | "busy" | "idle", parentHeader: Header | NoHeader): void {
    this.publish({ type: "status", content: { execution_state: state }, parentHeader });
  }

  /** Tells a new subscriber that it hears from now on; what was published before is lost to it. */
  welcome(topic: Buffer): void {
    const content = { subscription: topic.toString("utf8") };
    const identities = topic.length > 0 ? [topic] : [];
    this.#queue.send(this.#codec.encode({ type: "iopub_welcome", content, identities }));
  }

  /** Calls `drain` before text that is held back is sent: it may hold some of its own. */
  beforeFlush(drain: () => void): void {
    this.#drain = drain;
  }

  flushStreams(): void {
    this.#drain();
    this.#sendHeld();
  }

  #sendHeld(): void {
    clearTimeout(this.#timer);
    const held = this.#held;
    this.#held = undefined;
    this.#timer = undefined;
    if (!held) return;
    const content = { name: held.name, text: held.chunks.join("") };
    this.#send({ type: "stream", content, parentHeader: held.parentHeader });
  }

  #hold(name: string, text: string, parentHeader: Header | NoHeader): void {
    if (this.#held && (this.#held.name !== name || this.#held.parentHeader.msg_id !== parentHeader.msg_id)) {
      this.#sendHeld();
    }
    this.#held ??= { name, chunks: [], lengthChars: 0, parentHeader };
    this.#held.chunks.push(text);
    this.#held.lengthChars += text.length;
    if (this.#held.lengthChars >= streamLimitChars) this.#sendHeld();
    else this.#timer ??= setTimeout(() => this.#sendHeld(), streamDelayMs);
  }

  #send(message: IopubMessage): void {
    // The first frame is the topic, by which ZeroMQ lets subscribers select.
    const identities = [Buffer.from(`kernel.${message.type}`)];
    this.#queue.send(this.#codec.encode({ ...message, identities }));
  }
}
