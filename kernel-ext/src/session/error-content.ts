import { fileURLToPath } from "node:url";
import { types } from "node:util";
import { inspectSafely, readField } from "./inspect-safely.js";

/** Content of Jupyter's `error` message and of a failed `execute_reply`. */
export interface ErrorContent {
  ename: string;
  evalue: string;
  /** Lines of text. */
  traceback: string[];
}

const kernelFolder = fileURLToPath(new URL("..", import.meta.url));
/** Frames that say nothing to the author of a cell: Node's, tslab's, and the kernel's own. */
const hiddenFrames = [/\(?node:/, /[\\/]tslab[\\/]dist[\\/]/, /^\s+at new Promise \(<anonymous>\)/];

/** Errors of one chain of causes that are shown; a getter can make the chain endless. */
const maxErrors = 20;

/** Describes whatever was thrown. Does not throw, whatever the value's own methods and getters do. */
export function describeError(error: unknown): ErrorContent {
  if (!isError(error)) {
    const evalue = inspectSafely(error);
    return { ename: "Uncaught", evalue, traceback: [`Uncaught ${evalue}`] };
  }
  return { ename: readName(error), evalue: readText(error, "message"), traceback: describeStack(error) };
}

/** The traceback as one text, for stderr. */
export function describeErrorAsText(error: unknown): string {
  return describeError(error).traceback.join("\n");
}

function isError(value: unknown): value is Error {
  try {
    return types.isNativeError(value) || value instanceof Error;
  } catch {
    return false;
  }
}

/** The stack as lines, followed by the stacks of its causes. */
function describeStack(error: Error, seen = new Set<unknown>()): string[] {
  seen.add(error);
  const name = readName(error);
  const heading = `${name}: ${readText(error, "message")}`;
  const stack = readField(error, "stack");
  const lines = undecorate(typeof stack === "string" && stack !== "" ? stack : heading)
    .split("\n")
    .filter((line) => !isHidden(line));
  // A stack keeps the name and the message that the error had when it was made.
  if (!lines[0]?.includes(name)) lines.unshift(...heading.split("\n"));
  const cause = readField(error, "cause");
  if (cause === undefined || seen.has(cause) || seen.size >= maxErrors) return lines;
  const causeLines = isError(cause) ? describeStack(cause, seen) : [inspectSafely(cause)];
  return [...lines, `Caused by: ${causeLines[0]}`, ...causeLines.slice(1)];
}

function readName(error: Error): string {
  return readText(error, "name") || "Error";
}

/** Name and message are texts by custom only. */
function readText(error: Error, field: "name" | "message"): string {
  const value = readField(error, field) ?? "";
  return typeof value === "string" ? value : inspectSafely(value);
}

/** Takes off what Node puts before stacks of scripts: the place and the line, in terms of the compiled code. */
function undecorate(stack: string): string {
  return stack.replace(/^(?:cell\[\d+\]|file:\S+|\/\S+):\d+\n.*\n\s*\^+\s*\n/, "");
}

function isHidden(line: string): boolean {
  if (!/^\s+at /.test(line)) return false;
  return line.includes(kernelFolder) || hiddenFrames.some((pattern) => pattern.test(line));
}
