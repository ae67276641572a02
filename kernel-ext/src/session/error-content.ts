import { inspectSafely, isError, readField } from "../base/inspect-safely.js";
import { withoutInternalNames } from "../compiler/stack-traces.js";
import { ownFields } from "./error-fields.js";
import { readableStack } from "./stack-frames.js";

/** Content of Jupyter's `error` message and of a failed `execute_reply`. */
export interface ErrorContent {
  ename: string;
  evalue: string;
  /** Lines of text. */
  traceback: string[];
}

/** Errors that are shown of those that one consists of; a getter can make a chain of causes endless. */
const maxErrors = 20;

/** Describes whatever was thrown. Does not throw, whatever the value's own methods and getters do. */
export function describeError(error: unknown): ErrorContent {
  if (!isError(error)) {
    const evalue = inspectSafely(error);
    return { ename: "Uncaught", evalue, traceback: [`Uncaught ${evalue}`] };
  }
  const evalue = withoutInternalNames(readText(error, "message"));
  return { ename: readName(error), evalue, traceback: describeStack(error) };
}

/** The traceback as one text, for stderr. */
export function describeErrorAsText(error: unknown): string {
  return describeError(error).traceback.join("\n");
}

/** The stack as lines, followed by what else the error has, and by the stacks of its causes. */
function describeStack(error: Error, seen = new Set<unknown>()): string[] {
  seen.add(error);
  const name = readName(error);
  const heading = `${name}: ${readText(error, "message")}`;
  const stack = readField(error, "stack");
  const { message, code, frames } = readableStack(
    typeof stack === "string" && stack !== "" ? stack : heading,
  );
  // A stack keeps the name and the message that the error had when it was made.
  if (!message[0]?.includes(name)) message.unshift(...heading.split("\n"));
  const lines = [...message.map(withoutInternalNames), ...code, ...frames];
  const { values, nested } = ownFields(error);
  lines.push(...values);
  const cause = readField(error, "cause");
  if (cause !== undefined) nested.push(["Caused by", cause]);
  for (const [title, other] of nested) {
    if (seen.has(other)) continue;
    if (seen.size >= maxErrors) return [...lines, "... more errors"];
    const [first = "", ...rest] = isError(other) ? describeStack(other, seen) : [inspectSafely(other)];
    lines.push(`${title}: ${first}`, ...rest);
  }
  return lines;
}

function readName(error: Error): string {
  return readText(error, "name") || "Error";
}

/** Name and message are texts by custom only. */
function readText(error: Error, field: "name" | "message"): string {
  const value = readField(error, field) ?? "";
  return typeof value === "string" ? value : inspectSafely(value);
}
