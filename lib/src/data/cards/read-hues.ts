import { hueDistance, hueOf, inkOf, meanColour, type Rgb } from "./colours.js";
import { isEvenCell, pitch } from "./layout.js";
import type { GlyphMatch } from "./match-glyphs.js";

/** Hues of one board that are further apart than this (in turns) are not the same; true ones differ by less than 0.03. */
const sameHue = 1 / 12;
/** The two hues of a board are a quarter turn apart at least; closer than this they count as one. */
const otherHue = 1 / 6;
/** The hues of a board's two kinds of glyphs, in turns; undefined where a kind has none. */
export interface Hues {
  a: number | undefined;
  b: number | undefined;
  /** Whether R2 is kept. */
  lawful: boolean;
}

/** Hues of the legible glyphs. Where all cells of a kind are illegible, it has no hue, and that is not R2's fault. */
export function readHues(values: Float32Array, found: GlyphMatch, size: number, cells: number): Hues {
  const kinds: { a: Rgb[]; b: Rgb[] } = { a: [], b: [] };
  for (const [cell, glyph] of found.best.entries()) {
    if (!found.legible[cell]) continue;
    const top = found.top + Math.floor(cell / cells) * pitch;
    const left = found.left + (cell % cells) * pitch;
    kinds[isEvenCell(cell, cells) ? "a" : "b"].push(inkOf(values, size, glyph, top, left));
  }
  const [a, b] = [kinds.a, kinds.b].map((colours) => {
    const mean = meanColour(colours);
    return mean && hueOf(mean);
  });
  const agrees = (colours: Rgb[], hue: number | undefined) => {
    return colours.every((colour) => {
      const own = hueOf(colour);
      return own !== undefined && hue !== undefined && hueDistance(own, hue) <= sameHue;
    });
  };
  const apart = a === undefined || b === undefined || hueDistance(a, b) >= otherHue;
  return { a, b, lawful: apart && agrees(kinds.a, a) && agrees(kinds.b, b) };
}
