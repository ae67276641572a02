export type KernelErrorCode =
  | "ERR_KERNEL_ABSENT"
  | "ERR_STDIN_UNAVAILABLE"
  | "ERR_COMM_CLOSED"
  | "ERR_SETTING_BAD"
  | "ERR_LINK_BAD"
  | "ERR_WIDGET_CLOSED"
  | "ERR_WIDGET_DEAF"
  | "ERR_CHECKER_FAILED"
  | "ERR_CHECKER_ENDED";

/** A service of the kernel was asked for that it cannot give now. */
export class KernelError extends Error {
  override readonly name = "KernelError";

  constructor(
    readonly code: KernelErrorCode,
    message: string,
  ) {
    super(message);
  }
}
