import { createRandom } from "../../random.js";

/** What random numbers are for: every purpose has its own. */
const shuffling = 0;
export const mirroring = 1;
export const croppingTop = 2;
export const croppingLeft = 3;

/** Which pictures a batch has: a function of seed and step alone, so that it can be asked for at any step. */
export interface Sampler {
  /** Indices below `count` of the batch at `step`, counted from 0, with each one's place in the endless sequence. */
  at(step: number): { indices: Uint32Array; firstPlace: number; epoch: number };
}

/**
 * All pictures in random order, then all again in another, across the borders of batches: the sequence of epoch `e` is a
 * shuffle with a seed of its own, made of `seed` and `e`.
 */
export function createSampler(count: number, batchSize: number, seed: number): Sampler {
  const orders = new Map<number, Uint32Array>();
  const orderOf = (epoch: number) => {
    const known = orders.get(epoch);
    if (known) return known;
    const order = Uint32Array.from({ length: count }, (_, index) => index);
    createRandom(hashOf(seed, shuffling, epoch)).shuffle(order);
    if (orders.size >= 2) orders.delete(Math.min(...orders.keys())); // most batches need one order, some need two
    orders.set(epoch, order);
    return order;
  };
  return {
    at(step) {
      const firstPlace = step * batchSize;
      const indices = Uint32Array.from({ length: batchSize }, (_, slot) => {
        const place = firstPlace + slot;
        return orderOf(Math.floor(place / count))[place % count] as number;
      });
      return { indices, firstPlace, epoch: Math.floor(firstPlace / count) };
    },
  };
}

/**
 * A whole number in `[0, below)` that decides how the picture at one place of the sequence is varied: a hash, and not a
 * generator, which would have to be started for every picture. (What `below` does not divide is off by 2^-32 at most.)
 *
 * @param purpose tells the numbers of one place apart
 */
export function numberAt(seed: number, place: number, purpose: number, below: number): number {
  return Math.floor((hashOf(seed, purpose, place) / 2 ** 32) * below);
}

/** 32 bits, by the finaliser of MurmurHash3 after every part. */
function hashOf(seed: number, purpose: number, place: number): number {
  let bits = mixBits(seed ^ 0x5bd1e995);
  bits = mixBits(bits ^ Math.imul(purpose + 1, 0x9e3779b1));
  bits = mixBits(bits ^ (place | 0));
  return mixBits(bits ^ Math.floor(place / 2 ** 32)) >>> 0;
}

function mixBits(value: number): number {
  let bits = value | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}
