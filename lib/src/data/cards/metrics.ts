import { DataError } from "../../errors.js";
import type { CardFactors } from "../cards.js";
import { allBoards, type Board, boardIndex } from "./boards.js";
import { hueDistance } from "./colours.js";
import { noiseStd, stripeAmplitude } from "./layout.js";
import type { ParsedCard } from "./parse.js";

/** How good a set of cards is, as a distribution. Shares are in [0, 1]; what true cards have is given by `cardFloor`. */
export interface CardMetrics {
  /**
   * Total variation distance from the uniform distribution over the legal boards, where all illegal cards together
   * are one more outcome (the 65th, of probability 0): half of (the sum over the boards of |share - 1 / boards|, plus
   * the share of illegal cards). 0 is best, 1 worst. It punishes illegal cards and missing variety alike.
   */
  tv65: number;
  /** Share of cards with a legal board: all cells legible, and the copy rule (R1) kept. Says nothing of variety. */
  valid: number;
  /** The same distance among the cards with a legal board only: variety alone. NaN without any. */
  tv: number;
  /** How many of the legal boards occur. */
  coverage: number;
  /** Share of the cells that show a glyph. */
  legible: number;
  /** Share of the pairs of diagonal neighbours, both legible, that are equal as R1 asks. By chance: 1/8. */
  copy: number;
  /** Share of cards with a legal board that keep R2; NaN in grey. */
  hueRule: number;
  /** Share of cards with a legal board that keep R3. By chance: 1/4. */
  stripeRule: number;
  /** Energy of the fitted stripes over that of true ones (mean of the squared amplitude): fine texture that is kept. */
  stripeEnergy: number;
  /** Variance of the background beyond the stripes over that of true cards' noise. */
  noiseEnergy: number;
}

/**
 * Measures samples of cards. Ours; `CardMetrics` defines the numbers.
 *
 * @param parsed of `parseCards`
 * @param options.boards the boards that should occur, equally often. Default: all 64; give `heldOut` or `train` of
 *   `holdOutBoards` to ask about those: any other board then counts as illegal in `tv65`, `tv` and `coverage`
 * @throws DataError `ERR_SHAPE_MISMATCH` without cards
 */
export function cardMetrics(
  parsed: readonly ParsedCard[],
  { boards = allBoards() }: { boards?: readonly Board[] } = {},
): CardMetrics {
  requireCards(parsed);
  const wanted = new Set(boards.map(boardIndex));
  const counts = new Map<number, number>([...wanted].map((index) => [index, 0]));
  for (const { board } of parsed) {
    const index = board && boardIndex(board);
    if (index !== undefined && wanted.has(index)) counts.set(index, (counts.get(index) ?? 0) + 1);
  }
  const found = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const valid = parsed.filter(({ board }) => board !== undefined);
  const cells = parsed.flatMap(({ glyphs }) => glyphs);
  return {
    tv65: totalVariation(counts, parsed.length, parsed.length - found),
    valid: valid.length / parsed.length,
    tv: totalVariation(counts, found, 0),
    coverage: [...counts.values()].filter((count) => count > 0).length,
    legible: cells.filter((glyph) => glyph >= 0).length / cells.length,
    copy: copyRate(parsed),
    hueRule: valid[0]?.inColour === false ? Number.NaN : shareWithout(valid, "hue"),
    stripeRule: shareWithout(valid, "stripes"),
    stripeEnergy: meanOf(parsed.map((card) => card.stripeAmplitude ** 2)) / stripeAmplitude ** 2,
    noiseEnergy: meanOf(parsed.map((card) => card.noiseVariance * (card.inColour ? 3 : 1))) / noiseStd ** 2,
  };
}

/**
 * How much of the cards' content reconstructions keep. All shares are of all cards, so that lost ones count; what the parser
 * finds again in true cards is given by `cardIdentityFloor`.
 */
export interface CardIdentity {
  /** Share whose board is legal and the true one. A legal card that is another card does not count. */
  identity: number;
  /** Share of identical boards that also stand at the true position. */
  position: number;
  /** Share of cards with stripes in the true direction. */
  stripes: number;
  /** Share of cards, both of whose hues are within 1/24 turn of the true ones; NaN in grey. */
  hues: number;
}

/**
 * Compares what reconstructions show with what was to be reconstructed.
 *
 * @param factors of the originals, in the same order: `set.factors`
 * @throws DataError `ERR_SHAPE_MISMATCH` for different numbers of cards, or none
 */
export function cardIdentity(parsed: readonly ParsedCard[], factors: readonly CardFactors[]): CardIdentity {
  requireCards(parsed);
  if (parsed.length !== factors.length) {
    throw new DataError(
      "ERR_SHAPE_MISMATCH",
      `${parsed.length} cards cannot be compared with the factors of ${factors.length}; give those of the originals.`,
    );
  }
  const share = (holds: (card: ParsedCard, truth: CardFactors) => boolean) => {
    return parsed.filter((card, index) => holds(card, factors[index] as CardFactors)).length / parsed.length;
  };
  const isSame = ({ board }: ParsedCard, { a, b }: CardFactors) => board?.a === a && board.b === b;
  const isNear = (hue: number | undefined, truth: number) => {
    return hue !== undefined && hueDistance(hue, truth) <= 1 / 24;
  };
  return {
    identity: share(isSame),
    position: share((card, truth) => {
      return isSame(card, truth) && card.left === truth.left && card.top === truth.top;
    }),
    stripes: share((card, truth) => {
      return !card.stripesLost && card.stripeOrientation === truth.stripeOrientation;
    }),
    hues: parsed[0]?.inColour
      ? share((card, truth) => isNear(card.hueA, truth.hueA) && isNear(card.hueB, truth.hueB))
      : Number.NaN,
  };
}

function requireCards(parsed: readonly ParsedCard[]): void {
  if (parsed.length > 0) return;
  throw new DataError("ERR_SHAPE_MISMATCH", "There are no cards to measure; give at least one.");
}

function totalVariation(counts: ReadonlyMap<number, number>, total: number, illegal: number): number {
  let sum = illegal / total;
  for (const count of counts.values()) sum += Math.abs(count / total - 1 / counts.size);
  return sum / 2;
}

function copyRate(parsed: readonly ParsedCard[]): number {
  let pairs = 0;
  let equal = 0;
  for (const { glyphs } of parsed) {
    const side = Math.sqrt(glyphs.length);
    for (let cell = 0; cell < glyphs.length - side; cell++) {
      for (const step of [-1, 1]) {
        const column = (cell % side) + step;
        if (column < 0 || column >= side) continue;
        const glyph = glyphs[cell] as number;
        const other = glyphs[cell + side + step] as number;
        if (glyph < 0 || other < 0) continue;
        pairs += 1;
        if (glyph === other) equal += 1;
      }
    }
  }
  return equal / pairs;
}

function shareWithout(parsed: readonly ParsedCard[], fault: ParsedCard["faults"][number]): number {
  return parsed.filter(({ faults }) => !faults.includes(fault)).length / parsed.length;
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
