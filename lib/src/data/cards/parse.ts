import { DataError } from "../../errors.js";
import { type CardOptions, requireGeometry } from "../cards.js";
import type { Pictures } from "../image-set.js";
import type { Board } from "./boards.js";
import { createStripeFit } from "./fit-stripes.js";
import { glyphStrokes } from "./glyphs.js";
import { isEvenCell, pitch, stripeAmplitude, stripeDirections } from "./layout.js";
import { createMatcher, type GlyphMatch } from "./match-glyphs.js";
import { readHues } from "./read-hues.js";

/** Stripes of less than a third of their true amplitude have been lost. */
const leastStripes = stripeAmplitude / 3;

/**
 * Why a card breaks the rules. `"illegible"`: a cell shows no glyph. `"copy"` (R1): two cells that should hold the same
 * glyph hold different ones. `"hue"` (R2): glyphs of one kind differ in hue, both kinds have one hue, or one has none.
 * `"stripes"` (R3): they run in another direction than the glyphs say, or there are none.
 */
export type CardFault = "illegible" | "copy" | "hue" | "stripes";

/** What `parseCards` reads from one picture. */
export interface ParsedCard {
  /** Glyph of every cell, row by row; -1 where there is none. */
  glyphs: number[];
  /** The legal board that it shows: undefined where a cell is illegible or the copy rule is broken. */
  board: Board | undefined;
  left: number;
  top: number;
  /** Hue of the mean colour of the glyphs on even cells, in turns; undefined in grey, or where there is no colour. */
  hueA: number | undefined;
  hueB: number | undefined;
  /** 0 to 3. */
  stripeOrientation: number;
  /** In radians. */
  stripePhase: number;
  /** On the scale where pictures span [-1, 1]; 0.18 in true cards. */
  stripeAmplitude: number;
  /** Whether the stripes have less than a third of their true amplitude. */
  stripesLost: boolean;
  /** Variance of the background beyond its stripes, of the mean over the channels. */
  noiseVariance: number;
  /** Whether the picture has three channels. */
  inColour: boolean;
  /** Empty for a card that obeys all rules. R3 is judged only where there is a legal board, R2 only in colour. */
  faults: CardFault[];
}

/**
 * Reads the factors of cards back from pictures of them, and names the rules that a picture breaks. There is no learned
 * classifier in it: glyphs are found by correlation with their templates, stripes by least squares.
 *
 * @param pictures `[count, size, size, channels]`, grey or RGB, 0..255: `pictures(set)`, reconstructions or samples
 * @param options.cells glyphs along one side of the board; default as in `cards`
 * @returns one result a picture, in order
 * @throws ConfigError for `cells` that do not fit; DataError `ERR_SHAPE_MISMATCH` for pictures that cannot be cards
 */
export function parseCards(pictures: Pictures, options: Pick<CardOptions, "cells"> = {}): ParsedCard[] {
  const { count, size, channels, cells } = requireCardShape(pictures, options);
  const match = createMatcher(size, cells);
  const fitStripes = createStripeFit(size);
  const values = new Float32Array(size * size * channels);
  const covered = new Uint8Array(size * size);
  return Array.from({ length: count }, (_, index): ParsedCard => {
    for (let place = 0; place < values.length; place++) {
      values[place] = (pictures.data[index * values.length + place] as number) / 127.5 - 1;
    }
    const found = match(channels === 1 ? values : brightnessOf(values));
    coverStrokes(covered, found, size, cells);
    const stripes = fitStripes(channels === 1 ? values : greyOf(values), covered);
    const stripesLost = stripes.amplitude < leastStripes;
    const hues = channels === 1 ? undefined : readHues(values, found, size, cells);
    const glyphs = found.best.map((glyph, cell) => (found.legible[cell] ? glyph : -1));
    const board = boardOf(glyphs, cells);
    return {
      glyphs,
      board,
      left: found.left,
      top: found.top,
      hueA: hues?.a,
      hueB: hues?.b,
      stripeOrientation: stripes.orientation,
      stripePhase: stripes.phase,
      stripeAmplitude: stripes.amplitude,
      stripesLost,
      noiseVariance: stripes.residual,
      inColour: channels === 3,
      faults: [
        ...(glyphs.includes(-1) ? ["illegible" as const] : []),
        ...(copiesWell(glyphs, cells) ? [] : ["copy" as const]),
        ...(hues?.lawful === false ? ["hue" as const] : []),
        ...(board && (stripesLost || stripes.orientation !== directionOf(board)) ? ["stripes" as const] : []),
      ],
    };
  });
}

function requireCardShape({ data, shape }: Pictures, { cells }: Pick<CardOptions, "cells">) {
  const [count, height, width, channels] = shape;
  if (
    height !== width ||
    (channels !== 1 && channels !== 3) ||
    data.length !== count * height * width * channels
  ) {
    throw new DataError(
      "ERR_SHAPE_MISMATCH",
      `Cards are square and have 1 or 3 channels; shape [${shape}] with ${data.length} values does not. Give pictures(set), or samples of a model of cards.`,
    );
  }
  return { count, ...requireGeometry({ size: height, channels, ...(cells !== undefined && { cells }) }) };
}

/** The largest channel of every pixel (V of HSV): all hues of the ink are equally bright in it. */
function brightnessOf(values: Float32Array): Float32Array {
  const brightness = new Float32Array(values.length / 3);
  for (let pixel = 0; pixel < brightness.length; pixel++) {
    const start = 3 * pixel;
    brightness[pixel] = Math.max(
      values[start] as number,
      values[start + 1] as number,
      values[start + 2] as number,
    );
  }
  return brightness;
}

/** The mean of the channels: stripes are grey, so it has all of them and the least noise. */
function greyOf(values: Float32Array): Float32Array {
  const grey = new Float32Array(values.length / 3);
  for (let pixel = 0; pixel < grey.length; pixel++) {
    const start = 3 * pixel;
    grey[pixel] =
      ((values[start] as number) + (values[start + 1] as number) + (values[start + 2] as number)) / 3;
  }
  return grey;
}

function coverStrokes(
  covered: Uint8Array,
  { best, top, left }: GlyphMatch,
  size: number,
  cells: number,
): void {
  covered.fill(0);
  for (const [cell, glyph] of best.entries()) {
    const start = (top + Math.floor(cell / cells) * pitch) * size + left + (cell % cells) * pitch;
    for (const { x, y } of glyphStrokes[glyph] ?? []) covered[start + y * size + x] = 1;
  }
}

/** The board, if every cell is legible and all even cells agree, and all odd ones. */
function boardOf(glyphs: readonly number[], cells: number): Board | undefined {
  const [a = -1, b = -1] = glyphs;
  const legal =
    a >= 0 && b >= 0 && glyphs.every((glyph, cell) => glyph === (isEvenCell(cell, cells) ? a : b));
  return legal ? { a, b } : undefined;
}

/** Whether the legible glyphs of each kind agree. */
function copiesWell(glyphs: readonly number[], cells: number): boolean {
  return [true, false].every((even) => {
    const kind = glyphs.filter((glyph, cell) => glyph >= 0 && isEvenCell(cell, cells) === even);
    return kind.every((glyph) => glyph === kind[0]);
  });
}

/** The direction of the stripes that a board asks for (R3). */
function directionOf({ a, b }: Board): number {
  return (a + b) % stripeDirections.length;
}
