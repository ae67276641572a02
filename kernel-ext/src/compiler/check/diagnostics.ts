import path from "node:path";
import ts from "typescript";
import type { CellDiagnostic, Position } from "./messages.js";
import { withoutNamespaces } from "./names.js";

/** `await` is fine at a cell's top level, whatever the options say. */
const acceptedCodes = new Set([
  1375, // 'await' expressions are only allowed at the top level of a file when that file is a module
  1378, // Top-level 'await' expressions are only allowed when the 'module' option is set to ...
  1432, // Top-level 'for await' loops are only allowed when ...
  1202, // Import assignment cannot be used when targeting ECMAScript modules: cells have `require`
]);

/** Where a cell stands among the files that are checked. */
export interface CheckedCell {
  cellFile: string;
  /** Behind the cell's code stands the kernel's. */
  codeLength: number;
  /** The notebook's. */
  directory: string;
  /** TypeScript's words for readers. */
  explain?: (message: string) => string;
}

/** An error of the cell itself, or of a local file that it imports. */
export function toCellDiagnostic(
  diagnostic: ts.Diagnostic,
  { cellFile, codeLength, directory, explain = withoutNamespaces }: CheckedCell,
): CellDiagnostic | undefined {
  const { file, start = 0, length = 0, code } = diagnostic;
  if (!file || acceptedCodes.has(code)) return undefined;
  const isCell = file.fileName === cellFile;
  if (isCell && start > codeLength) return undefined;
  return {
    message: explain(ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n")),
    code,
    start: positionIn(file, start),
    end: positionIn(file, isCell ? Math.min(start + length, codeLength) : start + length),
    ...(isCell ? {} : { fileName: path.relative(directory, file.fileName) }),
  };
}

export function positionIn(file: ts.SourceFile, offset: number): Position {
  return { offset, ...file.getLineAndCharacterOfPosition(offset) };
}
