import { requireInteger } from "../../options.js";
import { type CardFactors, type CardOptions, cards } from "../cards.js";
import { pictures } from "../image-set.js";
import { type CardIdentity, type CardMetrics, cardIdentity, cardMetrics, meanOf } from "./metrics.js";
import { type ParsedCard, parseCards } from "./parse.js";

export interface CardFloorOptions extends CardOptions {
  /** Cards in a set: as many as are measured of a model. */
  count: number;
  /** Fresh sets; default 5. */
  repeats?: number;
  /** Of the first set; the next ones count on from there. */
  seed?: number;
}

/**
 * What true cards score: the mean over `repeats` fresh sets of `count` cards. No model can be expected to do better,
 * and `tv65` depends much on `count`: a finite sample is never quite uniform.
 *
 * @throws ConfigError for an option out of range
 */
export function cardFloor(options: CardFloorOptions): CardMetrics {
  const boards = options.boards && { boards: options.boards };
  return meanOverSets(options, (parsed) => cardMetrics(parsed, boards));
}

/**
 * What the parser finds again in true cards: the best that reconstructions can be expected to keep.
 *
 * @throws ConfigError for an option out of range
 */
export function cardIdentityFloor(options: CardFloorOptions): CardIdentity {
  return meanOverSets(options, cardIdentity);
}

function meanOverSets<Measures extends CardMetrics | CardIdentity>(
  { count, repeats = 5, seed = 0, ...options }: CardFloorOptions,
  measure: (parsed: ParsedCard[], factors: CardFactors[]) => Measures,
): Measures {
  requireInteger("repeats", repeats, 1);
  const cells = options.cells === undefined ? {} : { cells: options.cells };
  const all = Array.from({ length: repeats }, (_, repeat) => {
    const set = cards({ count, seed: seed + repeat, ...options });
    return measure(parseCards(pictures(set), cells), set.factors as CardFactors[]);
  });
  const names = Object.keys(all[0] as Measures) as (keyof Measures)[];
  const means = names.map((name) => [name, meanOf(all.map((measures) => measures[name] as number))]);
  return Object.fromEntries(means) as Measures;
}
