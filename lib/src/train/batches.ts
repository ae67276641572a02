import { createSampler } from "../data/batches/sampler.js";
import { requireInteger } from "../options.js";

/** What a training takes its batches from: a function of the step alone, so that it can be resumed anywhere. */
export interface Batches<Batch> {
  /** All batches from `step` on, counted from 0. `imageBatches` makes them ahead of their use. */
  from(step: number, options: { signal?: AbortSignal }): AsyncIterable<Batch>;
  /**
   * What decides them, as far as a few words and numbers can tell it: kept in a training's folder, which refuses to be
   * resumed with others. Without it nobody notices.
   */
  describe?(): BatchesDescription;
}

export type BatchesDescription = Readonly<Record<string, string | number | boolean>>;

/** Batches that are made when their turn comes, while the one before is in use. @param batchAt counts from 0 */
export function batchesAt<Batch>(batchAt: (step: number) => Batch | Promise<Batch>): Batches<Batch> {
  return {
    async *from(step) {
      for (let next = step; ; next++) yield await batchAt(next);
    },
  };
}

/**
 * Indices below `count` in the order in which `imageBatches` goes through pictures: for latents that are in memory.
 *
 * @returns batches that describe themselves by these numbers
 * @throws ConfigError for an option out of range
 */
export function indexBatches(
  count: number,
  { batchSize = 16, seed = 0 }: { batchSize?: number; seed?: number } = {},
): Batches<Uint32Array> {
  requireInteger("count", count, 1);
  requireInteger("batchSize", batchSize, 1);
  requireInteger("seed", seed, 0);
  const sampler = createSampler(count, batchSize, seed);
  return {
    ...batchesAt((step) => sampler.at(step).indices),
    describe: () => ({ count, batchSize, seed }),
  };
}
