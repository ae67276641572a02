import { inspect, types } from "node:util";
import type { MimeBundle } from "../widget/widget.js";

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

export function describeAsText(value: unknown): MimeBundle {
  return { "text/plain": inspect(value, { depth: 3 }) };
}

/** Turns bytes (of a PNG, say) into the base64 text that Jupyter's messages carry. */
export function encodeMimeBundle(bundle: MimeBundle): MimeBundle {
  return Object.fromEntries(
    Object.entries(bundle).map(([mimeType, data]) => [
      mimeType,
      types.isUint8Array(data) ? toBase64(data) : data,
    ]),
  );
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
