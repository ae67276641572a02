import { displaySymbol, type MimeBundle } from "../base/mime-bundle.js";

/** A value that is shown as the MIME bundle that it holds. */
export interface MimeValue {
  [displaySymbol](): MimeBundle;
}

/**
 * Makes a value of a MIME bundle, for `display` or as a cell's last expression.
 * Data is text, JSON for `+json` types, or a `Uint8Array` for binary types such as `image/png`.
 */
export function mime(bundle: MimeBundle): MimeValue {
  return { [displaySymbol]: () => bundle };
}

/** HTML source, with a text for readers without a browser. */
export function html(source: string, text = "HTML"): MimeValue {
  return mime({ "text/html": source, "text/plain": text });
}

/** SVG source, with a text for readers without pictures. */
export function svg(source: string, text = "SVG picture"): MimeValue {
  return mime({ "image/svg+xml": source, "text/plain": text });
}
