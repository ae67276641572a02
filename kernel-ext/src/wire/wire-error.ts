export type WireErrorCode =
  | "ERR_MESSAGE_BROKEN"
  | "ERR_SIGNATURE_BAD"
  | "ERR_CONNECTION_FILE_BROKEN"
  | "ERR_SIGNATURE_SCHEME";

/** What arrived from outside cannot be used; `code` says why. */
export class WireError extends Error {
  override readonly name = "WireError";

  constructor(
    readonly code: WireErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
