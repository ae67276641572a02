import type { TypeCheckMode } from "./type-check-mode.js";

/** What the kernel needs of a compiler and executor of TypeScript cells. */
export interface Compiler {
  /**
   * Checks and runs a cell. Never rejects: errors of the cell are an outcome.
   *
   * @param name the name by which stack traces refer to the cell
   * @param options.typeCheck where the cell itself does not say
   * @param options.onWarning gets the type errors of a cell that runs nonetheless
   * @param options.onCheck gets the check of such a cell, which resolves when its errors have been handed over
   * @param options.signal aborted when the cell is interrupted: it is not started then
   * @param options.abandoned aborted when the cell is no longer waited for: the outcome is its reason then
   */
  execute(code: string, name: string, options: ExecuteOptions): Promise<CellOutcome>;
  /** The value of an expression, which declares nothing. */
  evaluate(code: string, name: string): Promise<CellOutcome>;
}

export interface ExecuteOptions {
  typeCheck: TypeCheckMode;
  onWarning(text: string): void;
  onCheck(check: Promise<void>): void;
  signal: AbortSignal;
  abandoned: AbortSignal;
}

/** `value` is the value of the last expression, if that is neither null nor undefined. */
export type CellOutcome = { status: "ok"; value: unknown } | { status: "error"; error: unknown };
