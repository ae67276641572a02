import type { Shape } from "../shared/arrays.js";
import type { Cell } from "./state.js";

const arrows: Record<string, readonly [rows: number, columns: number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/**
 * Where a key takes the cursor, or `null` for keys that do not move it. Arrows cross from map to map: sideways to the
 * next channel, up and down to the next picture; at the set's edges the cursor stays.
 */
export function moveCursor(cell: Cell, key: string, shape: Shape): Cell | null {
  const [pictures, height, width, channels] = shape;
  if (key === "Home") return { ...cell, column: 0 };
  if (key === "End") return { ...cell, column: width - 1 };
  if (key === "PageUp") return { ...cell, channel: Math.max(0, cell.channel - 1) };
  if (key === "PageDown") return { ...cell, channel: Math.min(channels - 1, cell.channel + 1) };
  const step = arrows[key];
  if (!step) return null;
  const row = cell.picture * height + cell.row + step[0];
  const column = cell.channel * width + cell.column + step[1];
  if (row < 0 || row >= pictures * height || column < 0 || column >= channels * width) return cell;
  return {
    picture: Math.floor(row / height),
    row: row % height,
    channel: Math.floor(column / width),
    column: column % width,
  };
}
