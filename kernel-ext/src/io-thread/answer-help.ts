import type { CheckerClient } from "../compiler/check/checker-client.js";
import { helpRequestOf } from "../compiler/help-request.js";
import type { JsonObject, Message } from "../wire/message.js";
import { describeForReaders } from "./answer-code-request.js";

/** Answers a cell that only asks for documentation with a page. @returns undefined for all other cells */
export async function answerHelp(
  { content }: Message,
  checker: CheckerClient,
): Promise<JsonObject | undefined> {
  const help = helpRequestOf(String(content.code ?? ""));
  if (!help) return undefined;
  const found = await checker.inspect(help.name, help.name.length, help.detailLevel).catch(() => undefined);
  const data = found ? describeForReaders(found) : { "text/plain": `Nothing is known of "${help.name}".` };
  return { status: "ok", payload: [{ source: "page", data, start: 0 }], user_expressions: {} };
}
