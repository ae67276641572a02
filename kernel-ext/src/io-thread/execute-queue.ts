import { setImmediate as nextTurn } from "node:timers/promises";
import type { JsonObject, Message } from "../wire/message.js";
import type { History } from "./history.js";
import type { Iopub } from "./iopub.js";
import type { Execution } from "./main-thread.js";

type Run = (request: Message, executionCount: number) => Promise<Execution>;
type Reply = (request: Message, type: string, content: JsonObject) => void;

/** What all queues have in common. */
export interface Executions {
  /** Of the last cell that counts. */
  count: number;
  /** The last cell that has started: to it belongs what nobody else has a claim to. */
  last: Message | undefined;
  /** Told when cells start and have ended. */
  onStart(request: Message): void;
  onEnd(request: Message): void;
}

/** Whom a queue works for. */
export interface ExecuteQueueOptions {
  run: Run;
  reply: Reply;
  iopub: Iopub;
  history: History;
  executions: Executions;
}

/** Reports beside a cell that take longer, those of its types above all, come when they come: the next cell starts. */
const reportsTimeoutMs = 10_000;

/** Runs `execute_request`s one after the other; after an error those that wait are aborted. */
export class ExecuteQueue {
  readonly #run: Run;
  readonly #reply: Reply;
  readonly #iopub: Iopub;
  readonly #history: History;
  readonly #executions: Executions;
  readonly #waiting: Message[] = [];
  #running: Message | undefined;

  constructor({ run, reply, iopub, history, executions }: ExecuteQueueOptions) {
    this.#run = run;
    this.#reply = reply;
    this.#iopub = iopub;
    this.#history = history;
    this.#executions = executions;
  }

  /** The request of the cell that is being executed. */
  get running(): Message | undefined {
    return this.#running;
  }

  add(request: Message): void {
    this.#waiting.push(request);
    if (!this.#running) void this.#drain();
  }

  async #drain(): Promise<void> {
    for (let request = this.#waiting.shift(); request; request = this.#waiting.shift()) {
      this.#running = request;
      this.#executions.last = request;
      this.#executions.onStart(request);
      const cutOff = await this.#execute(request);
      this.#running = undefined;
      this.#executions.onEnd(request);
      this.#abort(cutOff);
    }
  }

  /** @returns the requests behind it that its error or the reader has cut off */
  async #execute(request: Message): Promise<Message[]> {
    const { header, content } = request;
    const silent = Boolean(content.silent);
    const code = String(content.code ?? "");
    this.#iopub.publishStatus("busy", header);
    if (!silent && content.store_history !== false) this.#history.add(++this.#executions.count, code);
    const executionCount = this.#executions.count;
    if (!silent) {
      const input = { code, execution_count: executionCount };
      this.#iopub.publish({ type: "execute_input", content: input, parentHeader: header });
    }
    const { reply, settled } = await this.#run(request, executionCount).catch(describeFailure);
    const stopsOthers = content.stop_on_error !== false;
    const failed = reply.status === "error";
    // Requests that were sent before this cell's error could be known are read now, so that they are aborted.
    if (failed) await nextTurn();
    this.#iopub.flushStreams();
    // Who sends one behind the reply knows of the error.
    const cutOff = failed && stopsOthers ? this.#waiting.splice(0) : [];
    this.#reply(request, "execute_reply", { ...reply, execution_count: executionCount });
    // Programs that execute notebooks listen to a cell until it is idle.
    const settlement = await withinTime(settled);
    this.#iopub.flushStreams();
    this.#iopub.publishStatus("idle", header);
    if (settlement === "stopped" && stopsOthers) cutOff.push(...this.#waiting.splice(0));
    return cutOff;
  }

  /** Answers all cells that have not started that they will not. */
  abortWaiting(): void {
    this.#abort(this.#waiting.splice(0));
  }

  #abort(requests: readonly Message[]): void {
    for (const request of requests) {
      this.#iopub.publishStatus("busy", request.header);
      const content = { status: "aborted", execution_count: this.#executions.count };
      this.#reply(request, "execute_reply", content);
      this.#iopub.publishStatus("idle", request.header);
    }
  }
}

/** A request that cannot be handed on must not keep those behind it waiting. */
function describeFailure(error: unknown): Execution {
  const evalue = error instanceof Error ? error.message : String(error);
  const reply = { status: "error", ename: "KernelError", evalue, traceback: [`KernelError: ${evalue}`] };
  return { reply, settled: Promise.resolve("reported") };
}

function withinTime(settled: Execution["settled"]): Execution["settled"] {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve("reported"), reportsTimeoutMs);
    void settled.then((settlement) => {
      clearTimeout(timer);
      resolve(settlement);
    });
  });
}
