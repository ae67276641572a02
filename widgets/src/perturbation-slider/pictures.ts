import type { Shape } from "../shared/arrays.js";
import { formatNumber } from "../shared/format.js";

/** Picture `index` of a batch, `[height, width, channels]`. */
export function pictureAt(data: Uint8Array, shape: Shape, index: number): Uint8Array {
  const size = shape[1] * shape[2] * shape[3];
  return data.slice(index * size, (index + 1) * size);
}

/** Picture minus reference, in units in which pictures reach from -1 to 1; mean over channels, `[height, width]`. */
export function differenceOf(picture: Uint8Array, reference: Uint8Array, channels: number): Float32Array {
  const difference = new Float32Array(picture.length / channels);
  picture.forEach((value, index) => {
    const pixel = Math.floor(index / channels);
    difference[pixel] = (difference[pixel] ?? 0) + (value - (reference[index] ?? 0)) / 127.5 / channels;
  });
  return difference;
}

/** Peak signal-to-noise ratio of pictures of 0 to 255, dB; infinite when they are equal. */
export function psnr(picture: Uint8Array, reference: Uint8Array): number {
  let squares = 0;
  picture.forEach((value, index) => {
    squares += (value - (reference[index] ?? 0)) ** 2;
  });
  return 10 * Math.log10(255 ** 2 / (squares / picture.length));
}

/** A PSNR with its unit; `null` stands for identical pictures. */
export function decibels(value: number | null): string {
  return value === null ? "∞ dB" : `${formatNumber(value, 1)} dB`;
}
