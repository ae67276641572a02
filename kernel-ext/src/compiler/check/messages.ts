/** What the compiler thread is asked for and what it answers. Offsets count UTF-16 units of the cell as written. */

/** A place in a cell. All of it is counted from 0. */
export interface Position {
  offset: number;
  line: number;
  /** UTF-16 units from the start of the line. */
  character: number;
}

export interface CellDiagnostic {
  /** The whole chain of reasons, each deeper one on a line of its own, indented. */
  message: string;
  /** TypeScript's error number. */
  code: number;
  start: Position;
  end: Position;
  /** The local file, relative to the notebook's directory, where it is not the cell itself. */
  fileName?: string;
}

export interface CompletionMatch {
  text: string;
  /** What it is, in TypeScript's words: "function", "class", "const", "method" ... */
  type?: string;
}

export interface Completion {
  matches: CompletionMatch[];
  /** The text between `start` and `end` is what a match replaces. */
  start: number;
  end: number;
}

export interface Inspection {
  text: string;
  markdown: string;
}

/** 0: signature and summary; 1: all that is known. */
export type DetailLevel = 0 | 1;

export type Completeness = { status: "complete" | "invalid" } | { status: "incomplete"; indent: string };

/** Every question to the compiler thread, with its arguments and its answer. */
export interface CheckerCalls {
  check(code: string): CellDiagnostic[];
  complete(code: string, cursor: number): Completion;
  inspect(code: string, cursor: number, detailLevel: DetailLevel): Inspection | undefined;
  checkCompleteness(code: string): Completeness;
}

export type CallName = keyof CheckerCalls;

export type ToChecker =
  | {
      [Name in CallName]: { kind: "call"; id: number; name: Name; args: Parameters<CheckerCalls[Name]> };
    }[CallName]
  | { kind: "commit"; code: string; assigned: readonly string[] | undefined };

export type FromChecker =
  | { kind: "answer"; id: number; value: unknown }
  /** TypeScript itself failed. */
  | { kind: "failure"; id: number; message: string };
