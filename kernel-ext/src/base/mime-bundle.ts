import { inspect, types } from "node:util";
import { inspectSafely } from "./inspect-safely.js";

/** A MIME bundle as Jupyter's messages carry it: MIME type to data (text, or JSON for `+json` types). */
export type MimeBundle = Record<string, unknown>;

/** The method by which any value says how it is shown: it returns a MIME bundle or a promise of one. */
export const displaySymbol: unique symbol = Symbol.for("Jupyter.display") as never;

interface Displayable {
  [displaySymbol](): MimeBundle | Promise<MimeBundle>;
}

export function isDisplayable(value: unknown): value is Displayable {
  return (
    value !== null &&
    (typeof value === "object" || typeof value === "function") &&
    typeof (value as Partial<Displayable>)[displaySymbol] === "function"
  );
}

const textOptions = { depth: 3 };

/** The value as `util.inspect` shows it. @throws whatever the value's own `[inspect.custom]` throws */
export function drawAsText(value: unknown): MimeBundle {
  return { "text/plain": inspect(value, textOptions) };
}

/** The same for a value that failed to draw itself. Does not throw. */
export function describeAsText(value: unknown): MimeBundle {
  return { "text/plain": inspectSafely(value, textOptions) };
}

/**
 * Turns bytes (of a PNG, say) into the base64 text that Jupyter's messages carry.
 *
 * @throws TypeError where a message cannot carry the data: JSON has no circular objects and no `bigint`
 */
export function encodeMimeBundle(bundle: MimeBundle): MimeBundle {
  return Object.fromEntries(
    Object.entries(bundle).map(([mimeType, data]) => [mimeType, encodeMimeData(data)]),
  );
}

function encodeMimeData(data: unknown): unknown {
  if (types.isUint8Array(data)) return toBase64(data);
  // Tried out here, where another way to show the value can still be taken.
  if (typeof data !== "string") JSON.stringify(data);
  return data;
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
