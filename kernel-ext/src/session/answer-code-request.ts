import type { Compiler } from "../compiler/compiler.js";
import type { JsonObject } from "../wire/message.js";
import { codePointsToUtf16, utf16ToCodePoints } from "./code-points.js";

/** Answers the requests of an editor about code that is being written. @returns content of the reply */
export function answerCodeRequest(type: string, content: JsonObject, compiler: Compiler): JsonObject {
  const code = String(content.code ?? "");
  const position = typeof content.cursor_pos === "number" ? content.cursor_pos : code.length;
  const cursor = codePointsToUtf16(code, position);
  switch (type) {
    case "complete_request": {
      const { matches, start, end } = compiler.complete(code, cursor);
      return {
        status: "ok",
        matches,
        cursor_start: utf16ToCodePoints(code, start),
        cursor_end: utf16ToCodePoints(code, end),
        metadata: {},
      };
    }
    case "inspect_request": {
      const text = compiler.inspect(code, cursor);
      return {
        status: "ok",
        found: text !== undefined,
        data: text ? { "text/plain": text } : {},
        metadata: {},
      };
    }
    default:
      return { ...compiler.checkCompleteness(code) };
  }
}
