/** The reader stopped the cell. */
export class KeyboardInterrupt extends Error {
  override readonly name = "KeyboardInterrupt";

  constructor() {
    super("The cell was interrupted.");
  }

  get code(): string {
    return "ERR_INTERRUPTED";
  }
}
