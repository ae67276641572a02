import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { kernelspec } from "../bin/setup/kernelspec.mjs";

const packageFolder = fileURLToPath(new URL("..", import.meta.url));
const mainFile = join(packageFolder, "dist", "main.js");
const bridgeFile = join(packageFolder, "test", "client.py");

// biome-ignore lint/suspicious/noExplicitAny: tests read fields of many message types and fail where one is missing
export type Json = Record<string, any>;

export interface ReceivedMessage {
  channel: "shell" | "iopub" | "control" | "stdin";
  header: { msg_id: string; msg_type: string };
  parent_header: { msg_id?: string };
  metadata: Json;
  content: Json;
  buffers: Buffer[];
}

interface BridgeEvent extends Json {
  event: string;
}

export interface SendOptions {
  metadata?: Json;
  buffers?: Uint8Array[];
  /** Signs with another key than the kernel's. */
  key?: string;
  /** More fields of the header. */
  header?: Json;
  /** What the message answers. */
  parent?: Json;
}

export interface Execution {
  reply: Json;
  /** What came on iopub for the request, from busy to idle. */
  messages: ReceivedMessage[];
  /** Text of stdout. */
  stdout: string;
  stderr: string;
  /** `text/plain` of the result. */
  text: string | undefined;
}

export function findPython(): string {
  const python = process.env.LATENTLAB_PYTHON ?? join(packageFolder, "..", ".venv", "bin", "python");
  if (!existsSync(python)) {
    throw new Error(
      `${python} does not exist: run "npm run setup", or set LATENTLAB_PYTHON to a Python with jupyter_client.`,
    );
  }
  return python;
}

/** Writes a kernelspec for the built kernel, on the Node that the environment names. @returns a folder for JUPYTER_PATH */
export function writeKernelspec(): string {
  if (!existsSync(mainFile)) throw new Error(`${mainFile} does not exist: run "npm run build".`);
  const folder = mkdtempSync(join(tmpdir(), "latentlab-kernelspec-"));
  mkdirSync(join(folder, "kernels", "latentlab"), { recursive: true });
  const spec = kernelspec(process.env.LATENTLAB_TEST_NODE);
  writeFileSync(join(folder, "kernels", "latentlab", "kernel.json"), JSON.stringify(spec));
  return folder;
}

/** A kernel of its own, and a front end to it: jupyter_client in a Python process. */
export class KernelClient {
  /** All that has been received, in order. */
  readonly messages: ReceivedMessage[] = [];
  readonly bridge: ChildProcessWithoutNullStreams;
  readonly #jupyterPath: string;
  readonly #events: BridgeEvent[] = [];
  readonly #listeners = new Set<() => void>();
  #errors = "";
  #connection: Json = {};

  static async start(folder = join(packageFolder, "test")): Promise<KernelClient> {
    const client = new KernelClient(folder);
    client.#connection = (await client.waitForEvent("started")).connection;
    // What is published before the subscription has taken effect is lost.
    await client.waitForPublication("iopub_welcome");
    return client;
  }

  private constructor(folder: string) {
    this.#jupyterPath = writeKernelspec();
    this.bridge = spawn(findPython(), [bridgeFile, "latentlab", folder], {
      env: { ...process.env, JUPYTER_PATH: this.#jupyterPath },
    });
    createInterface({ input: this.bridge.stdout }).on("line", (line) => this.#take(JSON.parse(line)));
    this.bridge.stderr.on("data", (data) => {
      this.#errors += data;
    });
    this.bridge.stdin.on("error", () => {});
  }

  /** What stands in the kernel's connection file. */
  get connection(): Json {
    return this.#connection;
  }

  /** What the kernel and the bridge wrote to the terminal. */
  get terminal(): string {
    return this.#errors;
  }

  /** @returns the msg_id of what was sent */
  send(
    channel: string,
    type: string,
    content: Json,
    { metadata = {}, buffers = [], key, header, parent }: SendOptions = {},
  ): string {
    const msg_id = randomUUID();
    const encoded = buffers.map((bytes) => Buffer.from(bytes).toString("base64"));
    this.command("send", { channel, msg_id, type, content, metadata, buffers: encoded, key, header, parent });
    return msg_id;
  }

  /** Sends a request and waits for its reply. @returns the reply's content */
  async request(type: string, content: Json = {}, channel: "shell" | "control" = "shell"): Promise<Json> {
    return (await this.waitForReply(this.send(channel, type, content))).content;
  }

  sendExecute(code: string, options: Json = {}, sendOptions: SendOptions = {}): string {
    const content = {
      code,
      silent: false,
      store_history: true,
      allow_stdin: true,
      stop_on_error: true,
      ...options,
    };
    return this.send("shell", "execute_request", content, sendOptions);
  }

  /** Runs a cell to its end. */
  async execute(code: string, options: Json = {}): Promise<Execution> {
    return this.waitForExecution(this.sendExecute(code, options));
  }

  async waitForExecution(msgId: string, timeoutMs?: number): Promise<Execution> {
    const { content: reply } = await this.waitForReply(msgId, timeoutMs);
    await this.waitForIdle(msgId);
    const messages = this.publicationsOf(msgId);
    const read = (name: string) =>
      messages
        .filter((message) => message.header.msg_type === "stream" && message.content.name === name)
        .map((message) => message.content.text)
        .join("");
    const result = messages.find((message) => message.header.msg_type === "execute_result");
    return {
      reply,
      messages,
      stdout: read("stdout"),
      stderr: read("stderr"),
      text: result?.content.data["text/plain"],
    };
  }

  /** What was published on iopub because of a request, so far. */
  publicationsOf(msgId: string, type?: string): ReceivedMessage[] {
    return this.messages.filter(
      (message) =>
        message.channel === "iopub" &&
        message.parent_header.msg_id === msgId &&
        (type === undefined || message.header.msg_type === type),
    );
  }

  waitForReply(msgId: string, timeoutMs?: number): Promise<ReceivedMessage> {
    return this.waitFor(
      (message) =>
        message.channel !== "iopub" && message.parent_header.msg_id === msgId && message.channel !== "stdin",
      timeoutMs,
    );
  }

  waitForIdle(msgId: string): Promise<ReceivedMessage> {
    return this.waitForPublication("status", (message) => {
      return message.parent_header.msg_id === msgId && message.content.execution_state === "idle";
    });
  }

  waitForPublication(
    type: string,
    accept: (message: ReceivedMessage) => boolean = () => true,
    timeoutMs?: number,
  ): Promise<ReceivedMessage> {
    const matches = (message: ReceivedMessage) =>
      message.channel === "iopub" && message.header.msg_type === type && accept(message);
    return this.waitFor(matches, timeoutMs);
  }

  /** The first message that `accept` takes, among those received and those to come. */
  async waitFor(accept: (message: ReceivedMessage) => boolean, timeoutMs = 20_000): Promise<ReceivedMessage> {
    return this.#poll(() => this.messages.find(accept), timeoutMs);
  }

  async waitForEvent(name: string, timeoutMs = 20_000): Promise<BridgeEvent> {
    return this.#poll(() => {
      const index = this.#events.findIndex((event) => event.event === name);
      return index < 0 ? undefined : this.#events.splice(index, 1)[0];
    }, timeoutMs);
  }

  command(op: string, fields: Json = {}): void {
    this.bridge.stdin.write(`${JSON.stringify({ op, ...fields })}\n`);
  }

  async isAlive(): Promise<boolean> {
    this.command("is_alive");
    return (await this.waitForEvent("is_alive")).alive;
  }

  async close(): Promise<void> {
    if (this.bridge.exitCode === null && this.bridge.signalCode === null) {
      const ended = new Promise((resolve) => this.bridge.once("exit", resolve));
      this.bridge.stdin.end();
      await ended;
    }
    rmSync(this.#jupyterPath, { recursive: true, force: true });
  }

  #take(event: BridgeEvent): void {
    if (event.event === "message") {
      const buffers = event.buffers.map((data: string) => Buffer.from(data, "base64"));
      this.messages.push({ ...event, buffers } as unknown as ReceivedMessage);
    } else {
      this.#events.push(event);
    }
    for (const listener of this.#listeners) listener();
  }

  #poll<Result>(find: () => Result | undefined, timeoutMs: number): Promise<Result> {
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void) => {
        clearTimeout(timer);
        this.#listeners.delete(look);
        settle();
      };
      const look = () => {
        const found = find();
        if (found !== undefined) finish(() => resolve(found));
      };
      const timer = setTimeout(() => finish(() => reject(this.#describeSilence(timeoutMs))), timeoutMs);
      this.#listeners.add(look);
      look();
    });
  }

  #describeSilence(timeoutMs: number): Error {
    const last = this.messages
      .slice(-8)
      .map(
        ({ channel, header, content }) =>
          `${channel} ${header.msg_type} ${JSON.stringify(content).slice(0, 200)}`,
      );
    return new Error(
      `Nothing fitting came within ${timeoutMs} ms. Last:\n${last.join("\n")}\n${this.#errors}`,
    );
  }
}
