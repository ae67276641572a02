import type { Shape } from "../arrays.js";
import { signedEntry } from "../colour-map.js";
import { html } from "./dom.js";

/** A canvas with one pixel a value; CSS scales it and keeps the pixels square. */
export function pixelCanvas(width: number, height: number, name?: string): HTMLCanvasElement {
  const role = name === undefined ? { "aria-hidden": "true" } : { role: "img", "aria-label": name };
  return html("canvas", { class: "lv-pixels", width, height, ...role });
}

/** Paints picture `index` of a batch, or the rectangle `[top, left, height, width]` of it. */
export function paintPicture(
  canvas: HTMLCanvasElement,
  data: Uint8Array,
  shape: Shape,
  index: number,
  rectangle: readonly [number, number, number, number] = [0, 0, shape[1], shape[2]],
): void {
  const [, height, width, channels] = shape;
  const [top, left, rows, columns] = rectangle;
  const lastChannel = channels - 1;
  paint(canvas, columns, rows, (row, column, component) => {
    const pixel = ((index * height + top + row) * width + left + column) * channels;
    return data[pixel + Math.min(component, lastChannel)] ?? 0;
  });
}

/** Paints one value a pixel with a signed colour table over `[-range, range]`. */
export function paintSigned(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
  valueAt: (row: number, column: number) => number,
  range: number,
  table: Uint8Array,
): void {
  paint(canvas, width, height, (row, column, component) => {
    return table[3 * signedEntry(valueAt(row, column), range) + component] ?? 0;
  });
}

function paint(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
  componentAt: (row: number, column: number, component: number) => number,
): void {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  if (!context) return;
  const image = context.createImageData(width, height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const pixel = 4 * (row * width + column);
      for (let component = 0; component < 3; component++) {
        image.data[pixel + component] = componentAt(row, column, component);
      }
      image.data[pixel + 3] = 255;
    }
  }
  context.putImageData(image, 0, 0);
}
