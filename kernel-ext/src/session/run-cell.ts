import { readField } from "../base/inspect-safely.js";
import type { CellOutcome, Compiler } from "../compiler/compiler.js";
import { flushUpdates } from "../widget/update-queue.js";
import type { JsonObject } from "../wire/message.js";
import { describeError } from "./error-content.js";
import type { KernelSession } from "./kernel-session.js";
import { KeyboardInterrupt } from "./keyboard-interrupt.js";
import type { Cell } from "./output-context.js";
import { render } from "./render.js";

export interface CellRequest {
  code: string;
  /** Expressions to evaluate after the cell, by the names under which the reply lists them. */
  userExpressions: Record<string, unknown>;
}

/** What a cell came to: the content of its `execute_reply`, and what to publish before that. */
export interface CellResult {
  reply: JsonObject;
  publication?: { type: "execute_result" | "error"; content: JsonObject };
}

/** Runs a cell to its end, within its output context. Does not reject. */
export async function runCell(
  cell: Cell,
  request: CellRequest,
  compiler: Compiler,
  session: KernelSession,
): Promise<CellResult> {
  try {
    return await runToEnd(cell, request, compiler, session);
  } catch (error) {
    // Without a reply the cells that wait would never run.
    return failCell(error);
  }
}

async function runToEnd(
  cell: Cell,
  request: CellRequest,
  compiler: Compiler,
  session: KernelSession,
): Promise<CellResult> {
  if (cell.interrupted) return failCell(new KeyboardInterrupt());
  const outcome = await compiler.execute(request.code, cell.name, {
    typeCheck: session.settings.typeCheck,
    signal: cell.signal,
    abandoned: cell.abandoned,
    onWarning: (text) => session.publish("stream", { name: "stderr", text }),
    onCheck: (check) => cell.addReport(check),
  });
  await cell.allDisplayed();
  flushUpdates();
  // Stopped cells fail even where their code ended in good order, so that the cells after them do not start.
  if (cell.interrupted || wasStoppedBySignal(outcome)) return failCell(new KeyboardInterrupt());
  if (outcome.status === "error") return failCell(outcome.error);
  const data = outcome.value === undefined || cell.silent ? {} : await render(outcome.value, session);
  const user_expressions = await evaluateAll(request.userExpressions, compiler, session);
  const reply = { status: "ok", payload: [], user_expressions };
  if (Object.keys(data).length === 0) return { reply };
  const content = { execution_count: cell.executionCount, data, metadata: {} };
  return { reply, publication: { type: "execute_result", content } };
}

export function failCell(error: unknown): CellResult {
  const content = { ...describeError(error) };
  return { reply: { status: "error", ...content }, publication: { type: "error", content } };
}

/** SIGINT ends synchronous code through Node's `vm`, which has an error of its own for it. */
function wasStoppedBySignal(outcome: CellOutcome): boolean {
  return (
    outcome.status === "error" && readField(outcome.error, "code") === "ERR_SCRIPT_EXECUTION_INTERRUPTED"
  );
}

async function evaluateAll(
  expressions: CellRequest["userExpressions"],
  compiler: Compiler,
  session: KernelSession,
): Promise<JsonObject> {
  const results: [string, JsonObject][] = [];
  for (const [name, code] of Object.entries(expressions)) {
    const outcome = await evaluate(name, code, compiler);
    results.push([
      name,
      outcome.status === "ok"
        ? { status: "ok", data: await render(outcome.value, session), metadata: {} }
        : { status: "error", ...describeError(outcome.error) },
    ]);
  }
  return Object.fromEntries(results);
}

async function evaluate(name: string, code: unknown, compiler: Compiler): Promise<CellOutcome> {
  if (typeof code === "string") return compiler.evaluate(code, `expression[${name}]`);
  return { status: "error", error: new TypeError("The expression is no text.") };
}
