import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { requireInteger } from "./options.js";

/** A seeded source of random numbers. The same seed gives the same numbers on every machine and engine. */
export interface Random {
  /** A number in `[low, high)`, default `[0, 1)`. */
  uniform(low?: number, high?: number): number;
  /** A standard normal number. */
  normal(): number;
  /** A whole number in `[low, high]`, both included. */
  integer(low: number, high: number): number;
  /** Shuffles the array in place (Fisher-Yates) and returns it. */
  shuffle<Items extends unknown[] | Uint32Array>(items: Items): Items;
  /** Fills the array with standard normal numbers and returns it. */
  fillNormal(array: Float32Array): Float32Array;
}

/**
 * Random numbers on the host, not on the engine: `tf.randomNormal` draws other numbers on other engines. By xoroshiro128+
 * (Blackman and Vigna 2018, arXiv:1805.01407), normal ones by the method of Box and Muller 1958 (Annals of Mathematical
 * Statistics 29(2)).
 *
 * @param seed a whole number, 0 or more; only its lowest 32 bits count
 * @throws ConfigError for another seed
 */
export function createRandom(seed: number): Random {
  requireInteger("seed", seed, 0);
  // Neighbouring seeds start xoroshiro in neighbouring states; the first numbers still resemble each other.
  const generator = xoroshiro128plus(mixBits(seed));
  for (let draw = 0; draw < 8; draw++) generator.next();
  let spareNormal: number | undefined;

  const uniform = (low = 0, high = 1) => low + (high - low) * uniformFloat64(generator);
  const integer = (low: number, high: number) => uniformInt(generator, low, high);

  /** Box-Muller: two uniform numbers make two independent normal ones; the second is kept for the next call. */
  const normal = () => {
    if (spareNormal !== undefined) {
      const value = spareNormal;
      spareNormal = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };

  return {
    uniform,
    integer,
    normal,
    shuffle(items) {
      for (let last = items.length - 1; last > 0; last--) {
        const other = integer(0, last);
        const item = items[last];
        items[last] = items[other] as never;
        items[other] = item as never;
      }
      return items;
    },
    fillNormal(array) {
      for (let index = 0; index < array.length; index++) array[index] = normal();
      return array;
    },
  };
}

/** The finaliser of MurmurHash3: every bit of the seed changes about half of the bits of the result. */
function mixBits(seed: number): number {
  let bits = seed | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}
