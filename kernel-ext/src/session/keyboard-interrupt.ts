/** The reader stopped the cell. */
export class KeyboardInterrupt extends Error {
  override readonly name = "KeyboardInterrupt";
  readonly code = "ERR_INTERRUPTED";

  constructor() {
    super("The cell was interrupted.");
  }
}
