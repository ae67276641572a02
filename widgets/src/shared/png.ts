import { encode } from "fast-png";
import type { Shape } from "./arrays.js";
import { signedEntry } from "./colour-map.js";

/** One picture of a batch `[batch, height, width, channels]` as a PNG data URI at its native resolution. */
export function pictureUri(data: Uint8Array, shape: Shape, index: number): string {
  const [, height, width, channels] = shape;
  const size = height * width * channels;
  return pngUri(width, height, channels, data.slice(index * size, (index + 1) * size));
}

/** One channel of one latent as a PNG data URI, one pixel a cell, coloured by a signed `table` over `[-range, range]`. */
export function signedMapUri(
  values: Float32Array,
  shape: Shape,
  index: number,
  channel: number,
  range: number,
  table: Uint8Array,
): string {
  const [, height, width, channels] = shape;
  const pixels = new Uint8Array(3 * height * width);
  for (let cell = 0; cell < height * width; cell++) {
    const value = values[(index * height * width + cell) * channels + channel] ?? Number.NaN;
    const entry = signedEntry(value, range);
    pixels.set(table.subarray(3 * entry, 3 * entry + 3), 3 * cell);
  }
  return pngUri(width, height, 3, pixels);
}

/** A signed colour table as a PNG data URI one pixel high: the bar of a legend. */
export function tableUri(table: Uint8Array): string {
  return pngUri(table.length / 3, 1, 3, table);
}

function pngUri(width: number, height: number, channels: number, data: Uint8Array): string {
  const bytes = encode({ width, height, channels: channels === 1 ? 1 : 3, depth: 8, data });
  return `data:image/png;base64,${Buffer.from(bytes).toString("base64")}`;
}
