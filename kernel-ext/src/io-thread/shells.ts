import { randomUUID } from "node:crypto";
import type { JsonObject, Message } from "../wire/message.js";
import type { ExecuteQueue } from "./execute-queue.js";

/**
 * The main shell and its subshells: queues of cells that do not wait for one another. Their code shares one thread, and so
 * takes turns where it awaits.
 *
 * @see https://jupyter.org/enhancement-proposals/91-kernel-subshells/kernel-subshells.html
 */
export class Shells {
  readonly #createQueue: () => ExecuteQueue;
  readonly #main: ExecuteQueue;
  readonly #subshells = new Map<string, ExecuteQueue>();

  constructor(createQueue: () => ExecuteQueue) {
    this.#createQueue = createQueue;
    this.#main = createQueue();
  }

  /** @returns content of a `create_subshell_reply` */
  create(): JsonObject {
    const subshellId = randomUUID();
    this.#subshells.set(subshellId, this.#createQueue());
    return { status: "ok", subshell_id: subshellId };
  }

  /** Cells that wait in the subshell are aborted; one that runs comes to its end. */
  delete(subshellId: unknown): JsonObject {
    const queue = this.#subshells.get(String(subshellId));
    if (!queue) return unknownSubshell(subshellId);
    this.#subshells.delete(String(subshellId));
    queue.abortWaiting();
    return { status: "ok" };
  }

  list(): JsonObject {
    return { status: "ok", subshell_id: [...this.#subshells.keys()] };
  }

  /** @returns undefined where the message names a subshell that there is not */
  queueOf({ header }: Message): ExecuteQueue | undefined {
    const { subshell_id: subshellId } = header;
    return subshellId === undefined || subshellId === null ? this.#main : this.#subshells.get(subshellId);
  }

  /** The request of a cell that runs. */
  findRunning(msgId: unknown): Message | undefined {
    const queues = [this.#main, ...this.#subshells.values()];
    return queues.map(({ running }) => running).find((request) => request?.header.msg_id === msgId);
  }
}

export function unknownSubshell(subshellId: unknown): JsonObject {
  const evalue = `There is no subshell ${JSON.stringify(subshellId)}: create one, or leave subshell_id out.`;
  return { status: "error", ename: "SubshellError", evalue, traceback: [`SubshellError: ${evalue}`] };
}
