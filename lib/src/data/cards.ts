import { requireInteger } from "../options.js";
import { createRandom, type Random } from "../random.js";
import type { ImageSet } from "./image-set.js";
import { toPixels } from "./image-set.js";

/** The glyphs of the cards, 5 x 5 pixels with strokes one pixel wide: X + O T L H = / */
const glyphRows = [
  "#...# ..#.. ##### ##### #.... #...# ..... ....#",
  ".#.#. ..#.. #...# ..#.. #.... #...# ##### ...#.",
  "..#.. ##### #...# ..#.. #.... ##### ..... ..#..",
  ".#.#. ..#.. #...# ..#.. #.... #...# ##### .#...",
  "#...# ..#.. ##### ..#.. ##### #...# ..... #....",
].map((row) => row.split(" "));

export const glyphNames = ["X", "+", "O", "T", "L", "H", "=", "/"] as const;
const glyphSize = 5;
/** Pixels from glyph to glyph. No multiple of 2, 4 or 8, so that glyphs never fall in step with the latent grid. */
const pitch = 7;
const jitterSteps = 3;

const background = -0.55;
const stripeAmplitude = 0.18;
/** Near the finest stripe that pixels can hold (2 px): detail that an autoencoder loses first. */
const stripePeriod = 3.2;
const noiseStd = 0.04;
const saturation = 0.7;

const diagonal = Math.SQRT1_2;
/** Unit vectors across the stripes: vertical, horizontal and the two diagonal stripes. */
const stripeDirections = [
  { x: 1, y: 0 },
  { x: 0, y: 1 },
  { x: diagonal, y: diagonal },
  { x: diagonal, y: -diagonal },
] as const;

/** Everything that a card was drawn from, except for the pixel noise. */
export interface CardFactors {
  /** Index of the glyph on the board's even cells (row + column even), 0 to 7. */
  a: number;
  /** Index of the glyph on the odd cells. */
  b: number;
  /** Hue of all `a` glyphs, in turns: 0 red, 1/3 green, 2/3 blue. */
  hueA: number;
  hueB: number;
  /** Position of the board's upper left glyph, in pixels. */
  left: number;
  top: number;
  /** How much brighter than the background a stroke is, on the scale where pictures span [-1, 1]. */
  ink: number;
  /** 0 to 3, always `(a + b) mod 4`. */
  stripeOrientation: number;
  /** In radians. */
  stripePhase: number;
}

/**
 * Procedural pictures with known content: a board of glyphs on a striped, noisy background.
 *
 * A legal card is determined by the pair (a, b), 64 in all: every 2 x 2 block of the board is [a b; b a] (the copy
 * rule, R1); all a glyphs share one hue and all b glyphs another (R2); the stripes run in direction (a + b) mod 4
 * (R3). Position, hues, ink, phase and noise carry no meaning: they are the "perceptual" detail that an autoencoder
 * may or may not keep.
 *
 * @param options.size height and width in pixels, at least 18; 32 gives a board of 4 x 4 glyphs
 * @param options.seed the same seed gives the same cards; a larger `count` only appends to them
 * @returns RGB pictures with their `factors`
 */
export function cards({
  count,
  size = 32,
  seed = 0,
}: {
  count: number;
  size?: number;
  seed?: number;
}): ImageSet {
  requireInteger("count", count, 1);
  requireInteger("size", size, 18);
  const random = createRandom(seed);
  const values = new Float32Array(size * size * 3);
  const pixels = new Uint8Array(count * values.length);
  const factors: CardFactors[] = [];
  for (let index = 0; index < count; index++) {
    const card = drawFactors(random, size);
    paintCard(values, size, card);
    for (let position = 0; position < values.length; position++) {
      values[position] = (values[position] as number) + noiseStd * random.normal();
    }
    pixels.set(toPixels(values), index * values.length);
    factors.push(card);
  }
  return { count, shape: [size, size, 3], pixels, factors };
}

function drawFactors(random: Random, size: number): CardFactors {
  const a = random.integer(0, glyphNames.length - 1);
  const b = random.integer(0, glyphNames.length - 1);
  const hueA = random.uniform();
  const boardSize = cellsOf(size) * pitch - (pitch - glyphSize);
  const margin = Math.floor((size - boardSize) / 2) - 1;
  return {
    a,
    b,
    hueA,
    hueB: (hueA + random.uniform(0.25, 0.75)) % 1, // at least a quarter turn apart, to be told from each other
    left: margin + random.integer(0, jitterSteps - 1),
    top: margin + random.integer(0, jitterSteps - 1),
    ink: random.uniform(0.9, 1.3),
    stripeOrientation: (a + b) % stripeDirections.length,
    stripePhase: random.uniform(0, 2 * Math.PI),
  };
}

/** Glyphs along one side of the board: as many as leave a border of two pixels. */
function cellsOf(size: number): number {
  return Math.floor((size - 4) / pitch);
}

/** Fills `values` `[size, size, 3]` with the card, without noise. */
function paintCard(values: Float32Array, size: number, card: CardFactors): void {
  paintStripes(values, size, card);
  const cells = cellsOf(size);
  const colours = [colourOf(card.hueA), colourOf(card.hueB)] as const;
  for (let row = 0; row < cells; row++) {
    for (let column = 0; column < cells; column++) {
      const parity = (row + column) % 2 === 0 ? 0 : 1;
      const glyph = parity === 0 ? card.a : card.b;
      const top = card.top + row * pitch;
      const left = card.left + column * pitch;
      paintGlyph(values, size, { glyph, top, left, colour: colours[parity], ink: card.ink });
    }
  }
}

function paintStripes(values: Float32Array, size: number, card: CardFactors): void {
  const direction = stripeDirections[card.stripeOrientation % 4] ?? stripeDirections[0];
  const frequency = (2 * Math.PI) / stripePeriod;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const phase = frequency * (direction.x * x + direction.y * y) + card.stripePhase;
      const start = (y * size + x) * 3;
      values.fill(background + stripeAmplitude * Math.sin(phase), start, start + 3);
    }
  }
}

type Colour = readonly [red: number, green: number, blue: number];

function paintGlyph(
  values: Float32Array,
  size: number,
  at: { glyph: number; top: number; left: number; colour: Colour; ink: number },
): void {
  for (let y = 0; y < glyphSize; y++) {
    const stroke = glyphRows[y]?.[at.glyph] ?? "";
    for (let x = 0; x < glyphSize; x++) {
      if (stroke[x] !== "#") continue;
      const start = ((at.top + y) * size + at.left + x) * 3;
      for (const [channel, share] of at.colour.entries()) {
        values[start + channel] = (values[start + channel] as number) + at.ink * share;
      }
    }
  }
}

/** A hue (in turns) at full brightness, mixed with white by `1 - saturation`. */
function colourOf(hue: number): Colour {
  const share = (centre: number) => {
    const distance = Math.abs(((hue - centre + 1.5) % 1) - 0.5); // 0 at the centre, 0.5 on the opposite side
    return 1 - saturation + saturation * Math.min(Math.max(2 - 6 * distance, 0), 1);
  };
  return [share(0), share(1 / 3), share(2 / 3)];
}
