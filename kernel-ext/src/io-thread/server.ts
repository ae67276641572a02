import type { Router } from "zeromq";
import { ExecutionGate } from "../threads/execution-gate.js";
import type { IoThreadData } from "../threads/thread-messages.js";
import { Codec } from "../wire/codec.js";
import type { JsonObject, Message } from "../wire/message.js";
import { WireError } from "../wire/wire-error.js";
import { CommTable } from "./comm-table.js";
import { ExecuteQueue } from "./execute-queue.js";
import { History } from "./history.js";
import { Interrupter } from "./interrupter.js";
import { Iopub } from "./iopub.js";
import { describeKernel } from "./kernel-info.js";
import { logToTerminal } from "./log-to-terminal.js";
import { MainThread } from "./main-thread.js";
import { bindSockets, echoHeartbeats, SendQueue, type Sockets } from "./sockets.js";

/** A main thread that has not ended the process by then is blocked, and is ended from here. */
const exitTimeoutMs = 1000;

type ReplyChannel = "shell" | "control";

/** The protocol's side of the kernel: sockets in, the main thread out, and all that needs no main thread. */
export class Server {
  readonly #codec: Codec;
  readonly #sockets: Sockets;
  readonly #queues: Record<ReplyChannel | "stdin" | "iopub", SendQueue>;
  readonly #iopub: Iopub;
  readonly #mainThread: MainThread;
  readonly #executeQueue: ExecuteQueue;
  readonly #interrupter: Interrupter;
  readonly #comms = new CommTable();
  readonly #history = new History();
  readonly #kernelInfo: JsonObject;
  #shuttingDown = false;

  static async start(data: IoThreadData, kernelVersion: string): Promise<Server> {
    return new Server(data, kernelVersion, await bindSockets(data.connection));
  }

  private constructor(data: IoThreadData, kernelVersion: string, sockets: Sockets) {
    this.#codec = new Codec(data.connection.key);
    this.#sockets = sockets;
    const { shell, control, stdin, iopub } = sockets;
    this.#queues = {
      shell: new SendQueue(shell),
      control: new SendQueue(control),
      stdin: new SendQueue(stdin),
      iopub: new SendQueue(iopub),
    };
    this.#iopub = new Iopub(this.#codec, this.#queues.iopub);
    this.#kernelInfo = describeKernel({ kernel: kernelVersion, typescript: data.typescriptVersion });
    this.#mainThread = this.#connectMainThread(data);
    this.#executeQueue = new ExecuteQueue(
      this.#mainThread,
      this.#iopub,
      this.#history,
      (request, type, content) => this.#reply("shell", request, type, content),
    );
    this.#interrupter = new Interrupter(this.#mainThread, new ExecutionGate(data.executionGate));
  }

  /** Answers until the kernel is shut down. */
  serve(): void {
    this.#iopub.publishStatus("starting", {});
    void this.#receive(this.#sockets.shell, (message) => this.#handleRequest("shell", message));
    void this.#receive(this.#sockets.control, (message) => this.#handleRequest("control", message));
    void this.#receive(this.#sockets.stdin, (message) => this.#handleInputReply(message));
    void echoHeartbeats(this.#sockets.hb);
  }

  /** Ends the process, whatever the main thread is doing. */
  async shutDown(): Promise<void> {
    if (this.#shuttingDown) return;
    this.#shuttingDown = true;
    this.#iopub.flushStreams();
    await Promise.all(Object.values(this.#queues).map((queue) => queue.flushed()));
    for (const socket of Object.values(this.#sockets)) socket.close();
    this.#interrupter.close();
    setTimeout(() => process.kill(process.pid, "SIGKILL"), exitTimeoutMs);
    this.#mainThread.exit();
  }

  #connectMainThread(data: IoThreadData): MainThread {
    return new MainThread(data.port, {
      onPublish: (message) => {
        if (message.type.startsWith("comm_")) this.#comms.observe(message.type, message.content);
        if (message.type === "execute_result")
          this.#executeQueue.recordResult(message.parentHeader, message.content);
        this.#iopub.publish(message);
      },
      onInputRequest: ({ prompt, password, parentHeader }) => {
        const identities = this.#executeQueue.running?.identities ?? [];
        const content = { prompt, password };
        this.#queues.stdin.send(
          this.#codec.encode({ type: "input_request", content, identities, parentHeader }),
        );
      },
      onInterruptSignal: () => void this.#interrupter.interrupt(),
    });
  }

  async #receive(socket: Router, handle: (message: Message) => Promise<void> | void): Promise<void> {
    for await (const frames of socket) {
      let message: Message;
      try {
        message = this.#codec.decode(frames);
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        logToTerminal(`${error.message} The message is dropped.`);
        continue;
      }
      void handle(message);
    }
  }

  async #handleRequest(channel: ReplyChannel, message: Message): Promise<void> {
    const type = message.header.msg_type;
    if (type === "execute_request") {
      this.#executeQueue.add(message);
      return;
    }
    this.#iopub.publishStatus("busy", message.header);
    try {
      const content = await this.#answer(type, message);
      if (content) this.#reply(channel, message, type.replace("_request", "_reply"), content);
    } finally {
      this.#iopub.flushStreams();
      this.#iopub.publishStatus("idle", message.header);
    }
    if (type === "shutdown_request") await this.shutDown();
  }

  /** @returns content of the reply; `undefined` for messages that are not answered */
  async #answer(type: string, message: Message): Promise<JsonObject | undefined> {
    const { content } = message;
    switch (type) {
      case "kernel_info_request":
        return this.#kernelInfo;
      case "comm_info_request":
        return this.#comms.describe(content.target_name);
      case "history_request":
        return this.#history.answer(content);
      case "complete_request":
      case "inspect_request":
      case "is_complete_request":
        return this.#mainThread.request(message);
      case "comm_open":
      case "comm_msg":
      case "comm_close":
        this.#comms.observe(type, content);
        await this.#mainThread.request(message);
        return undefined;
      case "interrupt_request":
        await this.#interrupter.interrupt();
        return { status: "ok" };
      case "debug_request":
        return refuseToDebug(content);
      case "shutdown_request":
        return this.#announceShutdown(message);
      default:
        logToTerminal(`The kernel does not know messages of type ${type}; it answers nothing.`);
        return undefined;
    }
  }

  #announceShutdown(message: Message): JsonObject {
    const content = { status: "ok", restart: Boolean(message.content.restart) };
    this.#iopub.publish({ type: "shutdown_reply", content, parentHeader: message.header });
    return content;
  }

  #handleInputReply(message: Message): void {
    if (message.header.msg_type === "input_reply")
      this.#mainThread.replyInput(String(message.content.value ?? ""));
  }

  #reply(channel: ReplyChannel, request: Message, type: string, content: JsonObject): void {
    const { identities, header: parentHeader } = request;
    this.#queues[channel].send(this.#codec.encode({ type, content, identities, parentHeader }));
  }
}

/** The kernel has no debugger; front ends ask all the same. */
function refuseToDebug(request: JsonObject): JsonObject {
  return {
    type: "response",
    seq: 0,
    request_seq: request.seq ?? 0,
    command: request.command ?? "",
    success: false,
    message: "This kernel has no debugger.",
  };
}
