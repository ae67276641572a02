import type { MessagePort } from "node:worker_threads";
import { KernelError } from "../../base/kernel-error.js";
import type {
  CallName,
  CellDiagnostic,
  CheckerCalls,
  Completeness,
  Completion,
  DetailLevel,
  FromChecker,
  Inspection,
  ToChecker,
} from "./messages.js";

interface PendingCall {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** The compiler thread as another thread sees it. Requests of one client are answered in their order. */
export class CheckerClient {
  readonly #port: MessagePort;
  readonly #pending = new Map<number, PendingCall>();
  #lastId = 0;
  #ended = false;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on("message", (message: FromChecker) => this.#receive(message));
    port.on("close", () => this.#end());
  }

  /** Type-checks a cell. What it declares is known to later cells only after {@link commit}. */
  check(code: string): Promise<CellDiagnostic[]> {
    return this.#call("check", code);
  }

  /**
   * Makes what a cell declares known to later cells.
   *
   * @param assigned of a cell that failed half-way: its variables, classes and enums that have a value. All, if undefined.
   */
  commit(code: string, assigned?: readonly string[]): void {
    if (!this.#ended) this.#post({ kind: "commit", code, assigned });
  }

  complete(code: string, cursor: number): Promise<Completion> {
    return this.#call("complete", code, cursor);
  }

  /** Signature and documentation of what is at the cursor. */
  inspect(code: string, cursor: number, detailLevel: DetailLevel): Promise<Inspection | undefined> {
    return this.#call("inspect", code, cursor, detailLevel);
  }

  checkCompleteness(code: string): Promise<Completeness> {
    return this.#call("checkCompleteness", code);
  }

  #call<Name extends CallName>(
    name: Name,
    ...args: Parameters<CheckerCalls[Name]>
  ): Promise<ReturnType<CheckerCalls[Name]>> {
    if (this.#ended) return Promise.reject(checkerEnded());
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as PendingCall["resolve"], reject });
      this.#post({ kind: "call", id, name, args } as ToChecker);
    });
  }

  #post(message: ToChecker): void {
    this.#port.postMessage(message);
  }

  #receive(message: FromChecker): void {
    const call = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.kind === "answer") call?.resolve(message.value);
    else call?.reject(new KernelError("ERR_CHECKER_FAILED", message.message));
  }

  #end(): void {
    this.#ended = true;
    for (const { reject } of this.#pending.values()) reject(checkerEnded());
    this.#pending.clear();
  }
}

function checkerEnded(): KernelError {
  return new KernelError(
    "ERR_CHECKER_ENDED",
    'The compiler thread has ended: nothing is type-checked or completed any more. Restart the kernel, or run cells with "// typecheck: off".',
  );
}
