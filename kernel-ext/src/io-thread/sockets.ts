import { Reply, Router, XPublisher } from "zeromq";
import { logToTerminal } from "../native-output/terminal.js";
import { bindWhenFree } from "../wire/bind.js";
import type { ChannelName, Connection } from "../wire/connection-file.js";

type Frames = readonly Uint8Array[];

interface Sender {
  readonly closed: boolean;
  send(frames: Uint8Array[]): Promise<void>;
}

/** ZeroMQ's binding allows one send at a time on a socket, so sends wait for one another. */
export class SendQueue {
  readonly #socket: Sender;
  #tail: Promise<void> = Promise.resolve();

  constructor(socket: Sender) {
    this.#socket = socket;
  }

  send(frames: Frames): void {
    this.#tail = this.#tail.then(() => this.#sendNow(frames));
  }

  /** Resolves when everything that was to be sent so far has been handed to ZeroMQ. */
  flushed(): Promise<void> {
    return this.#tail;
  }

  async #sendNow(frames: Frames): Promise<void> {
    // A kernel that shuts down has nothing more to say.
    if (this.#socket.closed) return;
    try {
      await this.#socket.send([...frames]);
    } catch (error) {
      logToTerminal(`The kernel could not send a message: ${error}`);
    }
  }
}

export interface Sockets {
  shell: Router;
  control: Router;
  stdin: Router;
  iopub: XPublisher;
  hb: Reply;
}

/** Opens the five channels of a kernel at the addresses of its connection file. */
export async function bindSockets(connection: Connection): Promise<Sockets> {
  const sockets: Sockets = {
    shell: new Router({ linger: 0 }),
    control: new Router({ linger: 0 }),
    stdin: new Router({ linger: 0 }),
    // Without a high-water mark a burst of output is never dropped.
    iopub: new XPublisher({ linger: 200, sendHighWaterMark: 0, verbosity: "allSubs" }),
    hb: new Reply({ linger: 0 }),
  };
  for (const [name, socket] of Object.entries(sockets)) {
    await bindWhenFree(socket, connection.addresses[name as ChannelName]);
  }
  return sockets;
}

/** Sends every heartbeat back as it came; returns when the socket is closed. */
export async function echoHeartbeats(heartbeat: Reply): Promise<void> {
  for await (const frames of heartbeat) await heartbeat.send(frames);
}

const subscribed = 1;

/**
 * Calls `welcome` with the topic of every new subscription; returns when the socket is closed.
 *
 * @see https://jupyter.org/enhancement-proposals/65-jupyter-xpub/jupyter-xpub.html
 */
export async function noticeSubscriptions(
  iopub: XPublisher,
  welcome: (topic: Buffer) => void,
): Promise<void> {
  for await (const [frame] of iopub) if (frame?.[0] === subscribed) welcome(frame.subarray(1));
}
