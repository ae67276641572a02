import type { CheckerClient } from "../compiler/check/checker-client.js";
import type { Inspection } from "../compiler/check/messages.js";
import { helpRequestOf } from "../compiler/help-request.js";
import type { JsonObject } from "../wire/message.js";
import { codePointsToUtf16, utf16ToCodePoints } from "./code-points.js";

/** Answers the requests of an editor about code that is being written. @returns content of the reply */
export async function answerCodeRequest(
  type: string,
  content: JsonObject,
  checker: CheckerClient,
): Promise<JsonObject> {
  const code = String(content.code ?? "");
  const position = typeof content.cursor_pos === "number" ? content.cursor_pos : code.length;
  const cursor = codePointsToUtf16(code, position);
  try {
    if (type === "complete_request") return await complete(code, cursor, checker);
    if (type === "inspect_request") return await inspect(code, cursor, content.detail_level, checker);
    if (helpRequestOf(code)) return { status: "complete" };
    return { ...(await checker.checkCompleteness(code)) };
  } catch (error) {
    const evalue = error instanceof Error ? error.message : String(error);
    return { status: "error", ename: "KernelError", evalue, traceback: [evalue] };
  }
}

async function complete(code: string, cursor: number, checker: CheckerClient): Promise<JsonObject> {
  const found = await checker.complete(code, cursor);
  const start = utf16ToCodePoints(code, found.start);
  const end = utf16ToCodePoints(code, found.end);
  return {
    status: "ok",
    matches: found.matches.map(({ text }) => text),
    cursor_start: start,
    cursor_end: end,
    // JupyterLab shows an icon by the type.
    metadata: { _jupyter_types_experimental: found.matches.map((match) => ({ ...match, start, end })) },
  };
}

async function inspect(
  code: string,
  cursor: number,
  detailLevel: unknown,
  checker: CheckerClient,
): Promise<JsonObject> {
  const found = await checker.inspect(code, cursor, detailLevel === 1 ? 1 : 0);
  const data = found ? describeForReaders(found) : {};
  return { status: "ok", found: found !== undefined, data, metadata: {} };
}

/** @returns a MIME bundle */
export function describeForReaders({ text, markdown }: Inspection): JsonObject {
  return { "text/plain": text, "text/markdown": markdown };
}
