import type { Random } from "../random.js";

/**
 * Endless batches of indices: all pictures in random order, then all again in another, across the borders of batches.
 *
 * @returns a function that returns the next `batchSize` indices below `count`
 */
export function createBatches(random: Random, count: number, batchSize: number): () => Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  let position = count;
  return () => {
    const batch = new Uint32Array(batchSize);
    for (let slot = 0; slot < batchSize; slot++) {
      if (position === count) {
        random.shuffle(order);
        position = 0;
      }
      batch[slot] = order[position++] as number;
    }
    return batch;
  };
}
