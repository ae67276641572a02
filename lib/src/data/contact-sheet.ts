import sharp from "sharp";
import { requireInteger } from "../options.js";
import type { Pictures } from "./image-set.js";

/**
 * Many pictures as one PNG, row by row, enlarged without smoothing so that single pixels can be seen.
 *
 * @param pictures `[count, height, width, channels]`, 0..255
 * @param options.columns pictures in a row
 * @param options.scale screen pixels for one picture pixel
 * @throws ConfigError for an option out of range
 */
export async function contactSheet(
  { data, shape: [count, height, width, channels] }: Pictures,
  { columns = 8, scale = 2 }: { columns?: number; scale?: number } = {},
): Promise<Buffer> {
  requireInteger("columns", columns, 1);
  requireInteger("scale", scale, 1);
  const rows = Math.ceil(count / columns);
  const sheetWidth = Math.min(columns, count) * width;
  const sheet = Buffer.alloc(sheetWidth * rows * height * channels, 255);
  const rowSize = width * channels;
  for (let picture = 0; picture < count; picture++) {
    const left = (picture % columns) * width;
    const top = Math.floor(picture / columns) * height;
    for (let row = 0; row < height; row++) {
      const source = (picture * height + row) * rowSize;
      sheet.set(data.subarray(source, source + rowSize), ((top + row) * sheetWidth + left) * channels);
    }
  }
  const raw = { width: sheetWidth, height: rows * height, channels: channels as 1 | 3 };
  return sharp(sheet, { raw })
    .resize(sheetWidth * scale, rows * height * scale, { kernel: "nearest" })
    .png()
    .toBuffer();
}
