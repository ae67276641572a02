/** Bad input to a widget: `code` for programs, the message says what was expected, what came and what to do. */
export class WidgetError extends Error {
  readonly code: WidgetErrorCode;

  constructor(code: WidgetErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "WidgetError";
    this.code = code;
  }
}

export type WidgetErrorCode =
  | "ERR_SHAPE_MISMATCH"
  | "ERR_WRONG_TYPE"
  | "ERR_EMPTY"
  | "ERR_OUT_OF_RANGE"
  | "ERR_SERIES_MISSING"
  | "ERR_MONITOR_ENDED"
  | "ERR_VIEW_NOT_BUILT";
