import { createHmac, randomUUID } from "node:crypto";
import { connect } from "node:net";
import { Dealer, XSubscriber } from "zeromq";
import type { Json } from "../kernel-client.js";

export type Channel = (typeof channels)[number];
export const channels = ["shell", "control", "stdin"] as const;
export const ports = [...channels, "iopub", "hb"] as const;
export const delimiter = "<IDS|MSG>";

export type Frame = Uint8Array | string;

/** Sends a kernel frames as they are: what jupyter_client would never send. */
export class RawClient {
  readonly #connection: Json;
  readonly #dealers: Record<Channel, Dealer>;
  readonly #subscriber = new XSubscriber({ linger: 0 });
  /** What is told of a reply, by the request's msg_id. */
  readonly #awaited = new Map<string, () => void>();

  constructor(connection: Json) {
    this.#connection = connection;
    const open = (channel: Channel) => {
      const dealer = new Dealer({ linger: 0, sendHighWaterMark: 0 });
      dealer.connect(this.#address(channel));
      void this.#receive(dealer);
      return dealer;
    };
    this.#dealers = { shell: open("shell"), control: open("control"), stdin: open("stdin") };
    this.#subscriber.connect(this.#address("iopub"));
  }

  #address(channel: Channel | "iopub"): string {
    return `tcp://${this.#connection.ip}:${this.#connection[`${channel}_port`]}`;
  }

  send(channel: Channel, frames: readonly Frame[]): Promise<void> {
    return this.#dealers[channel].send([...frames]);
  }

  /** What a subscriber sends: a byte 1 and the topic that it wishes to hear, as a rule. */
  sendSubscription(frame: Uint8Array): Promise<void> {
    return this.#subscriber.send(frame);
  }

  /** The signature that the kernel expects. */
  sign(jsonFrames: readonly Frame[]): string {
    const hmac = createHmac("sha256", this.#connection.key);
    for (const frame of jsonFrames) hmac.update(frame);
    return hmac.digest("hex");
  }

  /** A message whose parts may be any text, JSON or not, but whose signature is right. */
  sendSigned(channel: Channel, jsonFrames: readonly Frame[], buffers: readonly Frame[] = []): Promise<void> {
    return this.send(channel, [delimiter, this.sign(jsonFrames), ...jsonFrames, ...buffers]);
  }

  /** Bytes on a bare TCP connection, where the kernel expects ZeroMQ's handshake. */
  sendBytes(channel: (typeof ports)[number], bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      const socket = connect(this.#connection[`${channel}_port`], this.#connection.ip, () =>
        socket.end(bytes),
      );
      socket.on("error", () => {}).on("close", () => resolve());
      socket.resume().setTimeout(200, () => socket.destroy());
    });
  }

  /** Resolves when the kernel has read all that was sent before on channels that answer. */
  async heard(): Promise<void> {
    await Promise.all((["shell", "control"] as const).map((channel) => this.#ask(channel)));
  }

  #ask(channel: Channel): Promise<void> {
    const header = { msg_id: randomUUID(), session: "raw", username: "raw", version: "5.4" };
    const frames = [{ ...header, date: new Date(), msg_type: "kernel_info_request" }, {}, {}, {}];
    return new Promise((resolve, reject) => {
      this.#awaited.set(header.msg_id, resolve);
      this.sendSigned(
        channel,
        frames.map((frame) => JSON.stringify(frame)),
      ).catch(reject);
    });
  }

  /** Replies are read, lest they pile up; to what was sent there may be any. */
  async #receive(dealer: Dealer): Promise<void> {
    for await (const [, , , parentHeader] of dealer) {
      const { msg_id: msgId } = JSON.parse(String(parentHeader));
      this.#awaited.get(msgId)?.();
      this.#awaited.delete(msgId);
    }
  }

  close(): void {
    for (const dealer of Object.values(this.#dealers)) dealer.close();
    this.#subscriber.close();
  }
}
