/** The glyphs of the cards, 5 x 5 pixels with strokes one pixel wide: X + O T L H = / */
const glyphRows = [
  "#...# ..#.. ##### ##### #.... #...# ..... ....#",
  ".#.#. ..#.. #...# ..#.. #.... #...# ##### ...#.",
  "..#.. ##### #...# ..#.. #.... ##### ..... ..#..",
  ".#.#. ..#.. #...# ..#.. #.... #...# ##### .#...",
  "#...# ..#.. ##### ..#.. ##### #...# ..... #....",
].map((row) => row.split(" "));

export const glyphNames = ["X", "+", "O", "T", "L", "H", "=", "/"] as const;
/** Height and width of a glyph, in pixels. */
export const glyphSize = 5;

/** The inked pixels of a glyph, row by row. */
export interface Stroke {
  readonly x: number;
  readonly y: number;
}

/** For every glyph the pixels that are inked. */
export const glyphStrokes: readonly (readonly Stroke[])[] = glyphNames.map((_, glyph) =>
  glyphRows.flatMap((row, y) =>
    [...(row[glyph] ?? "")].flatMap((character, x) => (character === "#" ? [{ x, y }] : [])),
  ),
);
