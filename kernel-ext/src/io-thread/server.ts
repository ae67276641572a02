import type { Router } from "zeromq";
import { CheckerClient } from "../compiler/check/checker-client.js";
import { NativeOutputReader } from "../native-output/reader.js";
import { logToTerminal } from "../native-output/terminal.js";
import { ExecutionGate } from "../threads/execution-gate.js";
import type { IoThreadData } from "../threads/thread-messages.js";
import { Codec } from "../wire/codec.js";
import type { JsonObject, Message } from "../wire/message.js";
import { WireError } from "../wire/wire-error.js";
import { answerCodeRequest } from "./answer-code-request.js";
import { answerHelp } from "./answer-help.js";
import { CommTable } from "./comm-table.js";
import { ExecuteQueue, type Executions } from "./execute-queue.js";
import { History } from "./history.js";
import { Interrupter } from "./interrupter.js";
import { Iopub, type IopubMessage } from "./iopub.js";
import { describeKernel } from "./kernel-info.js";
import { type Execution, MainThread } from "./main-thread.js";
import { Questions } from "./questions.js";
import { Shells, unknownSubshell } from "./shells.js";
import { bindSockets, echoHeartbeats, noticeSubscriptions, SendQueue, type Sockets } from "./sockets.js";
import { Witness } from "./witness.js";

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
  readonly #shells: Shells;
  readonly #executions: Executions;
  readonly #interrupter: Interrupter;
  readonly #checker: CheckerClient;
  readonly #nativeOutput: NativeOutputReader | undefined;
  readonly #witness: Witness;
  readonly #comms = new CommTable();
  readonly #history = new History();
  readonly #questions = new Questions();
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
    this.#checker = new CheckerClient(data.checkerPort);
    this.#mainThread = this.#connectMainThread(data);
    const witness = new Witness(data.connection, data.nativeOutput);
    this.#witness = witness;
    this.#executions = {
      count: 0,
      last: undefined,
      onStart: ({ header }) => witness.cellStarted(header),
      onEnd: ({ header }) => witness.cellEnded(header),
    };
    const reply = (request: Message, type: string, content: JsonObject) =>
      this.#reply("shell", request, type, content);
    const run = async (request: Message, executionCount: number): Promise<Execution> => {
      const help = await answerHelp(request, this.#checker);
      if (help) return { reply: help, settled: Promise.resolve("reported") };
      return this.#mainThread.execute(request, executionCount);
    };
    const shared = { run, reply, iopub: this.#iopub, history: this.#history, executions: this.#executions };
    this.#shells = new Shells(() => new ExecuteQueue(shared));
    this.#nativeOutput = this.#readNativeOutput(data);
    this.#interrupter = new Interrupter(this.#mainThread, new ExecutionGate(data.executionGate), () =>
      this.#reportNativeCall(),
    );
  }

  /** Answers until the kernel is shut down. */
  serve(): void {
    this.#iopub.publishStatus("starting", {});
    void this.#receive(this.#sockets.shell, (message) => this.#handleRequest("shell", message));
    void this.#receive(this.#sockets.control, (message) => this.#handleRequest("control", message));
    void this.#receive(this.#sockets.stdin, (message) => this.#handleInputReply(message));
    void noticeSubscriptions(this.#sockets.iopub, (topic) => this.#iopub.welcome(topic));
    void echoHeartbeats(this.#sockets.hb);
  }

  /** Ends the process, whatever the main thread is doing. */
  async shutDown(): Promise<void> {
    if (this.#shuttingDown) return;
    this.#shuttingDown = true;
    this.#witness.dismiss();
    this.#iopub.flushStreams();
    await Promise.all(Object.values(this.#queues).map((queue) => queue.flushed()));
    for (const socket of Object.values(this.#sockets)) socket.close();
    this.#interrupter.close();
    this.#nativeOutput?.close();
    setTimeout(() => process.kill(process.pid, "SIGKILL"), exitTimeoutMs);
    this.#mainThread.exit();
  }

  #connectMainThread(data: IoThreadData): MainThread {
    return new MainThread(data.port, {
      onPublish: (message) => {
        if (message.type.startsWith("comm_")) this.#comms.observe(message.type, message.content);
        if (message.type === "execute_result") this.#recordResult(message);
        this.#iopub.publish(message);
      },
      onInputRequest: ({ prompt, password, parentHeader }) => {
        const identities = this.#shells.findRunning(parentHeader.msg_id)?.identities ?? [];
        const content = { prompt, password };
        const id = this.#questions.ask(parentHeader.msg_id);
        this.#queues.stdin.send(
          this.#codec.encode({ type: "input_request", id, content, identities, parentHeader }),
        );
      },
      onInterruptSignal: () => void this.#interrupter.interrupt(),
      onEnd: () => this.#witness.dismiss(),
    });
  }

  #reportNativeCall(): void {
    const request = this.#executions.last;
    const text =
      "Interrupting: the cell is inside a call of native code or WebAssembly. It ends when the call returns; a second interrupt ends WebAssembly.\n";
    if (request && this.#shells.findRunning(request.header.msg_id))
      this.#iopub.publish({
        type: "stream",
        content: { name: "stderr", text },
        parentHeader: request.header,
      });
  }

  #recordResult({ content, parentHeader }: IopubMessage): void {
    const request = this.#shells.findRunning(parentHeader.msg_id);
    if (request && request.content.store_history !== false) this.#history.recordResult(content);
  }

  /** What native code prints belongs to the cell that runs. */
  #readNativeOutput({ nativeOutput }: IoThreadData): NativeOutputReader | undefined {
    if (!nativeOutput) return undefined;
    const reader = new NativeOutputReader(nativeOutput, (name, text) => {
      const parentHeader = this.#executions.last?.header ?? {};
      this.#iopub.publish({ type: "stream", content: { name, text }, parentHeader });
    });
    this.#iopub.beforeFlush(() => reader.drain());
    return reader;
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
      void this.#handle(message, handle);
    }
  }

  /** Whatever goes wrong with one message, the others are answered. */
  async #handle(message: Message, handle: (message: Message) => Promise<void> | void): Promise<void> {
    try {
      await handle(message);
    } catch (error) {
      logToTerminal(`A message of type ${message.header.msg_type} has failed: ${error}`);
    }
  }

  async #handleRequest(channel: ReplyChannel, message: Message): Promise<void> {
    const type = message.header.msg_type;
    const queue = this.#shells.queueOf(message);
    if (type === "execute_request" && queue) {
      queue.add(message);
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
      case "execute_request":
        return unknownSubshell(message.header.subshell_id);
      case "create_subshell_request":
        return this.#shells.create();
      case "delete_subshell_request":
        return this.#shells.delete(content.subshell_id);
      case "list_subshell_request":
        return this.#shells.list();
      case "kernel_info_request":
        return this.#kernelInfo;
      case "comm_info_request":
        return this.#comms.describe(content.target_name);
      case "history_request":
        return this.#history.answer(content);
      case "complete_request":
      case "inspect_request":
      case "is_complete_request":
        return answerCodeRequest(type, content, this.#checker);
      case "comm_open":
      case "comm_msg":
      case "comm_close":
        if (content.comm_id === undefined) return undefined;
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
    if (this.#questions.isAnswer(message)) this.#mainThread.replyInput(String(message.content.value ?? ""));
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
