import { randomUUID } from "node:crypto";
import { KernelError } from "../base/kernel-error.js";
import { findKernelSession, type KernelSession, type PublishOptions } from "../session/kernel-session.js";
import type { Header, JsonObject } from "../wire/message.js";

/** A comm message from the front end. */
export interface CommMessage {
  header: Header;
  content: { comm_id: string; data: JsonObject; [field: string]: unknown };
  metadata: JsonObject;
  buffers: Uint8Array<ArrayBuffer>[];
}

/** May be asynchronous: the front end is told that the message is done when the promise settles. */
export type CommHandler = (message: CommMessage) => unknown;

export interface CommOpenOptions extends PublishOptions {
  /** What the `comm_open` message carries. */
  data?: JsonObject;
}

/** How a comm came to be that the front end opened; only the kernel makes such. */
export interface RemoteComm {
  id: string;
  session: KernelSession;
}

/**
 * A channel between a cell's code and code in the page, named by its target. Messages arrive while a cell awaits.
 *
 * @throws KernelError `ERR_KERNEL_ABSENT` outside Jupyter
 */
export class Comm {
  readonly id: string;
  readonly targetName: string;
  readonly #session: KernelSession;
  readonly #messageHandlers = new Set<CommHandler>();
  readonly #closeHandlers = new Set<CommHandler>();
  #open = true;

  /** Opens a comm to the front end's target `targetName`. */
  constructor(targetName: string, options: CommOpenOptions = {}, remote?: RemoteComm) {
    const session = remote?.session ?? findKernelSession();
    if (!session) {
      throw new KernelError("ERR_KERNEL_ABSENT", "A comm needs a front end: run this in a notebook's cell.");
    }
    this.#session = session;
    this.id = remote?.id ?? randomUUID();
    this.targetName = targetName;
    if (!remote) {
      const content = { comm_id: this.id, target_name: targetName, data: options.data ?? {} };
      session.publish("comm_open", content, options);
    }
    // Data that cannot be sent has thrown by now, and leaves no comm behind.
    session.comms.add(this);
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** @throws KernelError `ERR_COMM_CLOSED` */
  send(data: JsonObject, options: PublishOptions = {}): void {
    if (!this.#open) {
      throw new KernelError("ERR_COMM_CLOSED", `The comm ${this.id} is closed: open a new one to send.`);
    }
    this.#session.publish("comm_msg", { comm_id: this.id, data }, options);
  }

  close(data: JsonObject = {}, options: PublishOptions = {}): void {
    if (!this.#open) return;
    this.#open = false;
    this.#session.comms.remove(this);
    this.#session.publish("comm_close", { comm_id: this.id, data }, options);
  }

  /** @returns the function that takes the handler off again */
  onMsg(handler: CommHandler): () => void {
    this.#messageHandlers.add(handler);
    return () => this.#messageHandlers.delete(handler);
  }

  /** For closing by the front end. @returns the function that takes the handler off again */
  onClose(handler: CommHandler): () => void {
    this.#closeHandlers.add(handler);
    return () => this.#closeHandlers.delete(handler);
  }

  /** Called by the kernel. */
  async receive(message: CommMessage): Promise<void> {
    await Promise.all([...this.#messageHandlers].map((handler) => handler(message)));
  }

  /** Called by the kernel. */
  async receiveClose(message: CommMessage): Promise<void> {
    this.#open = false;
    this.#session.comms.remove(this);
    await Promise.all([...this.#closeHandlers].map((handler) => handler(message)));
  }
}
