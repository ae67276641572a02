import type { Diagnostic, SourceFile } from "@tslab/typescript-for-tslab";
import { isCompleteCode } from "tslab/dist/converter.js";
import type { Completeness } from "./compiler.js";
import { ts } from "./tslab-typescript.js";

/** Errors by which TypeScript says that a literal or a comment goes on: they begin where that began. */
const unterminatedCodes = new Set([
  1010, // '*/' expected.
  1160, // Unterminated template literal.
]);

/** Whether code can be run, cannot become valid by going on, or is not finished. */
export function checkCompleteness(code: string): Completeness {
  const diagnostics = parse(code);
  if (diagnostics.length === 0) return { status: "complete" };
  const end = code.trimEnd().length;
  const unfinished = diagnostics.every(
    (diagnostic) => unterminatedCodes.has(diagnostic.code) || (diagnostic.start ?? 0) >= end,
  );
  if (!unfinished) return { status: "invalid" };
  return { status: "incomplete", indent: isCompleteCode(code).indent ?? "" };
}

function parse(code: string): readonly Diagnostic[] {
  const file = ts.createSourceFile("cell.ts", code, ts.ScriptTarget.Latest);
  return (file as SourceFile & { parseDiagnostics?: Diagnostic[] }).parseDiagnostics ?? [];
}
