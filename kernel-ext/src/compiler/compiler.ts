/** What the kernel needs of a compiler and executor of TypeScript cells. Offsets count UTF-16 units. */
export interface Compiler {
  /**
   * Type-checks and runs a cell. Never rejects: errors of the cell are an outcome.
   * @param name the name by which stack traces refer to the cell
   */
  execute(code: string, name: string): Promise<CellOutcome>;
  /** Rejects the cell that is being awaited. */
  interrupt(): void;
  complete(code: string, cursor: number): Completion;
  /** Signature and documentation of the symbol at the cursor. */
  inspect(code: string, cursor: number): string | undefined;
  checkCompleteness(code: string): Completeness;
}

/** `value` is the value of the last expression, if that is neither null nor undefined. */
export type CellOutcome = { status: "ok"; value: unknown } | { status: "error"; error: unknown };

export interface Completion {
  matches: string[];
  start: number;
  end: number;
}

export type Completeness = { status: "complete" | "invalid" } | { status: "incomplete"; indent: string };
