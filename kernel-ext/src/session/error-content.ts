import { fileURLToPath } from "node:url";
import { inspect, types } from "node:util";

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

export function describeError(error: unknown): ErrorContent {
  if (!isError(error)) {
    const evalue = inspect(error);
    return { ename: "Uncaught", evalue, traceback: [`Uncaught ${evalue}`] };
  }
  return { ename: error.name || "Error", evalue: error.message, traceback: describeStack(error) };
}

/** The traceback as one text, for stderr. */
export function describeErrorAsText(error: unknown): string {
  return describeError(error).traceback.join("\n");
}

function isError(value: unknown): value is Error {
  return types.isNativeError(value) || value instanceof Error;
}

/** The stack as lines, followed by the stacks of its causes. */
function describeStack(error: Error, seen = new Set<unknown>()): string[] {
  seen.add(error);
  const heading = `${error.name}: ${error.message}`;
  const lines = undecorate(error.stack || heading)
    .split("\n")
    .filter((line) => !isHidden(line));
  // A stack keeps the name and the message that the error had when it was made.
  if (!lines[0]?.includes(error.name)) lines.unshift(...heading.split("\n"));
  const { cause } = error;
  if (cause === undefined || seen.has(cause)) return lines;
  const causeLines = isError(cause) ? describeStack(cause, seen) : [inspect(cause)];
  return [...lines, `Caused by: ${causeLines[0]}`, ...causeLines.slice(1)];
}

/** Takes off what Node puts before stacks of scripts: the place and the line, in terms of the compiled code. */
function undecorate(stack: string): string {
  return stack.replace(/^cell\[\d+\]:\d+\n.*\n\s*\^+\s*\n/, "");
}

function isHidden(line: string): boolean {
  if (!/^\s+at /.test(line)) return false;
  return line.includes(kernelFolder) || hiddenFrames.some((pattern) => pattern.test(line));
}
