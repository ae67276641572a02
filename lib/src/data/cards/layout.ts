import { glyphSize } from "./glyphs.js";

/** Pixels from glyph to glyph. No multiple of 2, 4 or 8, so that glyphs never fall in step with the latent grid. */
export const pitch = 7;
/** Positions that the board may take along each axis, one pixel apart. */
export const jitterSteps = 3;
/** The smallest picture that holds a board of 2 x 2 glyphs with room to move, in pixels. */
export const smallestCard = 16;

export const background = -0.55;
export const stripeAmplitude = 0.18;
/** Near the finest stripe that pixels can hold (2 px): detail that an autoencoder loses first. */
export const stripePeriod = 3.2;
export const noiseStd = 0.04;

const diagonal = Math.SQRT1_2;
/** Unit vectors across the stripes: vertical, horizontal and the two diagonal stripes. */
export const stripeDirections = [
  { x: 1, y: 0 },
  { x: 0, y: 1 },
  { x: diagonal, y: diagonal },
  { x: diagonal, y: -diagonal },
] as const;

/** The most glyphs along one side of the board that leave a border of two pixels. */
export function largestBoard(size: number): number {
  return Math.floor((size - 2) / pitch);
}

/** The smallest distance of a board of `cells` x `cells` glyphs from the picture's edge: at least one pixel. */
export function marginOf(size: number, cells: number): number {
  const boardSize = cells * pitch - (pitch - glyphSize);
  return Math.floor((size - boardSize) / 2) - 1;
}

/** Whether row + column of a cell is even: such cells hold `a`, the others `b`. Cells are counted row by row. */
export function isEvenCell(cell: number, cells: number): boolean {
  return (Math.floor(cell / cells) + (cell % cells)) % 2 === 0;
}
