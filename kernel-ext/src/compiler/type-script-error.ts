export interface CellDiagnostic {
  /** Counted from 1. */
  line: number;
  /** Counted from 1. */
  column: number;
  /** Length of the marked text, within its line. */
  length: number;
  /** TypeScript's error number. */
  code: number;
  message: string;
  /** The file, where it is not the cell itself. */
  fileName: string | undefined;
}

/** A cell that does not type-check; nothing of it has been run. */
export class TypeScriptError extends Error {
  override readonly name = "TypeScriptError";
  readonly code = "ERR_TYPE_CHECK";
  readonly diagnostics: readonly CellDiagnostic[];

  constructor(source: string, diagnostics: readonly CellDiagnostic[]) {
    const [first] = diagnostics;
    super(first ? describe(first) : "The cell does not compile.");
    this.diagnostics = diagnostics;
    const sourceLines = source.split("\n");
    this.stack = diagnostics.flatMap((diagnostic) => explain(diagnostic, sourceLines)).join("\n");
  }
}

function describe({ fileName, line, column, code, message }: CellDiagnostic): string {
  return `${fileName ? `${fileName} ` : ""}${line}:${column} - TS${code}: ${message}`;
}

/** The message, the line of source, and a mark below the offending text. */
function explain(diagnostic: CellDiagnostic, sourceLines: readonly string[]): string[] {
  const sourceLine = diagnostic.fileName ? undefined : sourceLines[diagnostic.line - 1];
  const lines = [`TypeScriptError: ${describe(diagnostic)}`];
  if (sourceLine === undefined) return lines;
  const indent = sourceLine.slice(0, diagnostic.column - 1).replace(/[^\t]/g, " ");
  const length = Math.max(1, Math.min(diagnostic.length, sourceLine.length - diagnostic.column + 1));
  return [...lines, `    ${sourceLine}`, `    ${indent}${"~".repeat(length)}`];
}
