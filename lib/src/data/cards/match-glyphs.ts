import { glyphSize, glyphStrokes } from "./glyphs.js";
import { jitterSteps, marginOf, pitch } from "./layout.js";

/** A glyph with the empty ring round it, so that a blob or a larger figure is no glyph. In pixels. */
const windowSize = glyphSize + 2;
const windowArea = windowSize ** 2;

/** Below this share of a perfect match a figure is no glyph. Of true cards' glyphs 98 in 100 reach 0.9. */
const leastScore = 0.6;
/** By so much the best glyph has to match better than the second. */
const leastMargin = 0.06;
/** A stroke is at least so much brighter than what surrounds it; true ones are by 0.9 and more. */
const leastContrast = 0.25;

/** The glyphs that a picture shows, at the position of the board where they match best together. */
export interface GlyphMatch {
  left: number;
  top: number;
  /** The best matching glyph of every cell, row by row, legible or not. */
  best: number[];
  legible: boolean[];
}

/**
 * Finds the board by normalised cross-correlation (the Pearson correlation of a window with a template) with all
 * glyphs, in all cells, at all positions that a board may take. Nothing here is learnt.
 *
 * @param brightness `[size, size]`
 */
export type MatchGlyphs = (brightness: Float32Array) => GlyphMatch;

interface Template {
  /** Places of the inked pixels, counted from the window's upper left pixel. */
  places: Int32Array;
  /** Norm of the template after its mean has been subtracted. */
  norm: number;
}

/** Prepares the templates for pictures of `size` x `size` with boards of `cells` x `cells`. */
export function createMatcher(size: number, cells: number): MatchGlyphs {
  const margin = marginOf(size, cells);
  const templates = glyphStrokes.map((strokes): Template => {
    return {
      places: Int32Array.from(strokes, ({ x, y }) => (y + 1) * size + x + 1),
      norm: Math.sqrt(strokes.length - strokes.length ** 2 / windowArea),
    };
  });
  const windowPlaces = Int32Array.from({ length: windowArea }, (_, index) => {
    return Math.floor(index / windowSize) * size + (index % windowSize);
  });

  return (brightness) => {
    let found: GlyphMatch | undefined;
    let highest = Number.NEGATIVE_INFINITY;
    for (let top = margin; top < margin + jitterSteps; top++) {
      for (let left = margin; left < margin + jitterSteps; left++) {
        const match: GlyphMatch = { left, top, best: [], legible: [] };
        let total = 0;
        for (let cell = 0; cell < cells * cells; cell++) {
          const y = top - 1 + Math.floor(cell / cells) * pitch;
          const x = left - 1 + (cell % cells) * pitch;
          const { glyph, score, legible } = matchWindow(brightness, y * size + x, windowPlaces, templates);
          match.best.push(glyph);
          match.legible.push(legible);
          total += score;
        }
        if (total > highest) {
          highest = total;
          found = match;
        }
      }
    }
    return found as GlyphMatch;
  };
}

function matchWindow(
  brightness: Float32Array,
  start: number,
  windowPlaces: Int32Array,
  templates: readonly Template[],
): { glyph: number; score: number; legible: boolean } {
  let sum = 0;
  let squares = 0;
  for (let index = 0; index < windowArea; index++) {
    const value = brightness[start + (windowPlaces[index] as number)] as number;
    sum += value;
    squares += value * value;
  }
  const mean = sum / windowArea;
  const norm = Math.sqrt(Math.max(squares - sum * mean, 0)) + 1e-4; // an even window matches nothing
  let glyph = 0;
  let score = Number.NEGATIVE_INFINITY;
  let second = Number.NEGATIVE_INFINITY;
  let strokeSum = 0;
  for (let index = 0; index < templates.length; index++) {
    const template = templates[index] as Template;
    let inked = 0;
    for (let place = 0; place < template.places.length; place++) {
      inked += brightness[start + (template.places[place] as number)] as number;
    }
    const correlation = (inked - mean * template.places.length) / (template.norm * norm);
    if (correlation > score) {
      second = score;
      score = correlation;
      glyph = index;
      strokeSum = inked;
    } else if (correlation > second) {
      second = correlation;
    }
  }
  const strokes = (templates[glyph] as Template).places.length;
  const contrast = strokeSum / strokes - (sum - strokeSum) / (windowArea - strokes);
  const legible = score > leastScore && score - second > leastMargin && contrast > leastContrast;
  return { glyph, score, legible };
}
