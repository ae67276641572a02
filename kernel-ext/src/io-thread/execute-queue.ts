import { setImmediate as nextTurn } from "node:timers/promises";
import type { Header, JsonObject, Message } from "../wire/message.js";
import type { History } from "./history.js";
import type { Iopub } from "./iopub.js";
import type { MainThread } from "./main-thread.js";

type Reply = (request: Message, type: string, content: JsonObject) => void;

/** Runs `execute_request`s one after the other; after an error those that wait are aborted. */
export class ExecuteQueue {
  readonly #waiting: Message[] = [];
  #running: Message | undefined;
  #executionCount = 0;

  constructor(
    private readonly mainThread: MainThread,
    private readonly iopub: Iopub,
    private readonly history: History,
    private readonly reply: Reply,
  ) {}

  /** The request of the cell that is being executed. */
  get running(): Message | undefined {
    return this.#running;
  }

  add(request: Message): void {
    this.#waiting.push(request);
    if (!this.#running) void this.#drain();
  }

  /** Takes note of the text of an `execute_result`, for the history. */
  recordResult(parentHeader: Partial<Header>, content: JsonObject): void {
    const text = (content.data as JsonObject | undefined)?.["text/plain"];
    if (parentHeader.msg_id === this.#running?.header.msg_id && typeof text === "string") {
      this.history.setOutput(Number(content.execution_count), text);
    }
  }

  async #drain(): Promise<void> {
    for (let request = this.#waiting.shift(); request; request = this.#waiting.shift()) {
      this.#running = request;
      const failed = await this.#execute(request);
      this.#running = undefined;
      if (failed && request.content.stop_on_error !== false) this.#abortWaiting();
    }
  }

  /** @returns whether the cell ended with an error */
  async #execute(request: Message): Promise<boolean> {
    const { header, content } = request;
    const silent = Boolean(content.silent);
    const code = String(content.code ?? "");
    this.iopub.publishStatus("busy", header);
    if (!silent && content.store_history !== false) this.history.add(++this.#executionCount, code);
    const executionCount = this.#executionCount;
    if (!silent) {
      const input = { code, execution_count: executionCount };
      this.iopub.publish({ type: "execute_input", content: input, parentHeader: header });
    }
    const result = await this.mainThread.request(request, executionCount);
    const failed = result.status === "error";
    // Requests that were sent before this cell's error could be known are read now, so that they are aborted.
    if (failed) await nextTurn();
    this.iopub.flushStreams();
    this.reply(request, "execute_reply", { ...result, execution_count: executionCount });
    this.iopub.publishStatus("idle", header);
    return failed;
  }

  #abortWaiting(): void {
    for (const request of this.#waiting.splice(0)) {
      this.iopub.publishStatus("busy", request.header);
      const content = { status: "aborted", execution_count: this.#executionCount };
      this.reply(request, "execute_reply", content);
      this.iopub.publishStatus("idle", request.header);
    }
  }
}
