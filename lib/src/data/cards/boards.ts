import { ConfigError } from "../../errors.js";
import { requireInteger } from "../../options.js";
import { createRandom, type Random } from "../../random.js";
import { glyphNames } from "./glyphs.js";
import { stripeDirections } from "./layout.js";

/** What a legal card means: its two glyphs, 0 to 7 each. */
export interface Board {
  a: number;
  b: number;
}

const glyphCount = glyphNames.length;
/** The number of legal boards: 64, which is 6 bits. */
export const boardCount = glyphCount * glyphCount;

/** All 64 legal boards, by a and then by b. */
export function allBoards(): Board[] {
  return Array.from({ length: boardCount }, (_, index) => ({
    a: Math.floor(index / glyphCount),
    b: index % glyphCount,
  }));
}

/** The place of a board in `allBoards()`, 0 to 63. */
export function boardIndex({ a, b }: Board): number {
  return a * glyphCount + b;
}

/**
 * Sets pairs of glyphs aside, to ask whether a model makes combinations that it has never seen (compositional
 * generalisation). Nothing but the combination is new in them: every glyph is held out equally often as `a` and as
 * `b`, so it is also seen equally often in either role, and so is every direction of the stripes.
 *
 * @param options.perGlyph how often every glyph is held out in each role, 1 to 4: `8 * perGlyph` boards in all
 * @returns two lists without a common board, 64 together, for the option `boards` of `cards`
 * @throws ConfigError for an option out of range
 */
export function holdOutBoards({ perGlyph = 1, seed = 0 }: { perGlyph?: number; seed?: number } = {}): {
  train: Board[];
  heldOut: Board[];
} {
  requireInteger("perGlyph", perGlyph, 1);
  if (perGlyph > 4) {
    throw new ConfigError(
      "ERR_OPTION_OUT_OF_RANGE",
      `perGlyph has to be at most 4, not ${perGlyph}: at least half of the boards are to train on.`,
    );
  }
  const random = createRandom(seed);
  const heldOut = new Set<number>();
  while (heldOut.size < perGlyph * glyphCount) {
    const partners = drawPartners(random);
    const fresh = partners.map((b, a) => boardIndex({ a, b }));
    if (fresh.every((index) => !heldOut.has(index))) for (const index of fresh) heldOut.add(index);
  }
  const boards = allBoards();
  return {
    train: boards.filter((board) => !heldOut.has(boardIndex(board))),
    heldOut: boards.filter((board) => heldOut.has(boardIndex(board))),
  };
}

/** A random `b` for every `a`, each once, with all directions of stripes equally often. */
function drawPartners(random: Random): number[] {
  const partners = Array.from({ length: glyphCount }, (_, glyph) => glyph);
  const directions = stripeDirections.length;
  for (;;) {
    random.shuffle(partners);
    const uses = new Array<number>(directions).fill(0);
    for (const [a, b] of partners.entries())
      uses[(a + b) % directions] = (uses[(a + b) % directions] ?? 0) + 1;
    if (uses.every((count) => count === glyphCount / directions)) return [...partners];
  }
}
