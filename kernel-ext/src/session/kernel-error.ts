export type KernelErrorCode = "ERR_KERNEL_ABSENT" | "ERR_STDIN_UNAVAILABLE" | "ERR_COMM_CLOSED";

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
