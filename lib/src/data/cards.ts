import { ConfigError } from "../errors.js";
import { requireInteger } from "../options.js";
import { createRandom, type Random } from "../random.js";
import type { Board } from "./cards/boards.js";
import { glyphNames } from "./cards/glyphs.js";
import {
  jitterSteps,
  largestBoard,
  marginOf,
  noiseStd,
  smallestCard,
  stripeDirections,
} from "./cards/layout.js";
import { type Canvas, paintCard } from "./cards/paint.js";
import type { ImageSet } from "./image-set.js";
import { toPixels } from "./image-set.js";

export { glyphNames } from "./cards/glyphs.js";

/** Everything that a card was drawn from, except for the pixel noise. */
export interface CardFactors {
  /** Index of the glyph on the board's even cells (row + column even), 0 to 7. */
  a: number;
  /** Index of the glyph on the odd cells. */
  b: number;
  /** Hue of all `a` glyphs, in turns: 0 red, 1/3 green, 2/3 blue. Without effect on grey cards. */
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

export interface CardOptions {
  /** Height and width in pixels, at least 16. */
  size?: number;
  /** 3 for colour, 1 for grey. Grey cards know no hue, and hence no rule R2. */
  channels?: 1 | 3;
  /** Glyphs along one side of the board, at least 2. Default: as many as fit: 2 in 16 px, 4 in 32 px, 8 in 64 px. */
  cells?: number;
  /** The boards that are drawn, each equally often on average. Default: all 64; see `holdOutBoards`. */
  boards?: readonly Board[];
}

/**
 * Procedural pictures with known content: a board of glyphs on a striped, noisy background.
 *
 * A legal card is determined by the pair (a, b), 64 in all: every 2 x 2 block of the board is [a b; b a] (the copy
 * rule, R1); all a glyphs share one hue and all b glyphs another (R2); the stripes run in direction (a + b) mod 4
 * (R3). Position, hues, ink, phase and noise carry no meaning: they are the "perceptual" detail that an autoencoder
 * may or may not keep. `parseCards` reads all of that back from pictures.
 *
 * @param options.seed the same seed gives the same cards; a larger `count` only appends to them
 * @returns pictures `[count, size, size, channels]` with their `factors`
 * @throws ConfigError for an option out of range
 */
export function cards({
  count,
  seed = 0,
  ...options
}: { count: number; seed?: number } & CardOptions): ImageSet {
  requireInteger("count", count, 1);
  const { size, channels, cells } = requireGeometry(options);
  const boards = requireBoards(options.boards);
  const random = createRandom(seed);
  const values = new Float32Array(size * size * channels);
  const canvas: Canvas = { values, size, channels, cells };
  const pixels = new Uint8Array(count * values.length);
  const factors: CardFactors[] = [];
  for (let index = 0; index < count; index++) {
    const card = drawFactors(random, marginOf(size, cells), boards);
    paintCard(canvas, card);
    for (let position = 0; position < values.length; position++) {
      values[position] = (values[position] as number) + noiseStd * random.normal();
    }
    pixels.set(toPixels(values), index * values.length);
    factors.push(card);
  }
  return { count, shape: [size, size, channels], pixels, factors };
}

/** The geometry of the cards that `options` describe; throws ConfigError where none has it. */
export function requireGeometry({ size = 32, channels = 3, cells }: CardOptions): {
  size: number;
  channels: 1 | 3;
  cells: number;
} {
  requireInteger("size", size, smallestCard);
  if (channels !== 1 && channels !== 3) {
    throw new ConfigError("ERR_OPTION_OUT_OF_RANGE", `channels has to be 1 or 3, not ${channels}.`);
  }
  const most = largestBoard(size);
  requireInteger("cells", cells ?? most, 2);
  if (cells !== undefined && cells > most) {
    throw new ConfigError(
      "ERR_OPTION_OUT_OF_RANGE",
      `cells has to be at most ${most} for cards of ${size} pixels, not ${cells}. Take fewer, or a larger size.`,
    );
  }
  return { size, channels, cells: cells ?? most };
}

function requireBoards(boards: readonly Board[] | undefined): readonly Board[] | undefined {
  if (boards === undefined) return undefined;
  if (boards.length === 0) {
    throw new ConfigError("ERR_OPTION_OUT_OF_RANGE", "boards is empty: give at least one, or leave it out.");
  }
  for (const { a, b } of boards) {
    for (const glyph of [a, b]) {
      if (Number.isInteger(glyph) && glyph >= 0 && glyph < glyphNames.length) continue;
      throw new ConfigError(
        "ERR_OPTION_OUT_OF_RANGE",
        `boards has a glyph ${glyph}; glyphs are 0 to ${glyphNames.length - 1}.`,
      );
    }
  }
  return boards;
}

function drawFactors(random: Random, margin: number, boards: readonly Board[] | undefined): CardFactors {
  const { a, b } = boards ? pickBoard(random, boards) : drawBoard(random);
  const hueA = random.uniform();
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

function drawBoard(random: Random): Board {
  return { a: random.integer(0, glyphNames.length - 1), b: random.integer(0, glyphNames.length - 1) };
}

function pickBoard(random: Random, boards: readonly Board[]): Board {
  return boards[random.integer(0, boards.length - 1)] as Board;
}
