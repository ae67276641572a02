import { readFileSync } from "node:fs";
import path from "node:path";
import type { CellDiagnostic } from "./check/messages.js";
import { codeFrame } from "./code-frame.js";
import { notebookFolder } from "./notebook-folder.js";
import { displayName } from "./stack-traces.js";

/** A cell's code, and the name by which stack traces refer to it. */
export interface CellSource {
  name: string;
  text: string;
}

/** A cell, or a local file, that does not parse or does not type-check; nothing of it has been run. */
export class TypeScriptError extends Error {
  override readonly name = "TypeScriptError";

  /** @param cell left out where all errors are those of local files */
  constructor(diagnostics: readonly CellDiagnostic[], cell?: CellSource) {
    const [first] = diagnostics;
    const more = diagnostics.length > 1 ? ` (and ${diagnostics.length - 1} more)` : "";
    super(first ? `${describe(first)}${more}` : "The cell does not compile.");
    this.stack = explainDiagnostics(diagnostics, cell);
  }

  get code(): string {
    return "ERR_TYPE_CHECK";
  }
}

/** All errors, as those of code that runs: the message, the lines with a mark below the offending text, the place. */
export function explainDiagnostics(diagnostics: readonly CellDiagnostic[], cell?: CellSource): string {
  return diagnostics
    .map((diagnostic) => {
      const { start, end, fileName } = diagnostic;
      const lines = (fileName ? readFile(fileName) : (cell?.text ?? "")).split("\n");
      const length = end.line === start.line ? end.character - start.character : Number.POSITIVE_INFINITY;
      const frame = codeFrame(lines, start.line + 1, start.character + 1, length);
      const place = `    at ${fileName ?? displayName(cell?.name ?? "")}, line ${start.line + 1}`;
      return [`TypeScriptError: ${describe(diagnostic)}`, ...frame, place].join("\n");
    })
    .join("\n\n");
}

function readFile(name: string): string {
  try {
    return readFileSync(path.resolve(notebookFolder, name), "utf8");
  } catch {
    return ""; // gone since it was checked
  }
}

function describe({ code, message }: CellDiagnostic): string {
  return `TS${code}: ${message}`;
}
