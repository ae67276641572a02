/** Multipliers and key increments of Philox4x32 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"). */
const multiplier0 = 0xd2511f53;
const multiplier1 = 0xcd9e8d57;
const increment0 = 0x9e3779b9;
const increment1 = 0xbb67ae85;
const rounds = 10;

/** A counter or its block of random numbers: four words of 32 bits. */
export type Words = [number, number, number, number];

/**
 * Philox4x32-10: a bijection that turns a counter and a key into four random words. Any block of the sequence can be
 * computed by itself, which is what lets a GPU draw the same numbers as this function.
 *
 * @param words holds the counter, and the result afterwards
 */
export function philox(words: Int32Array, key0: number, key1: number): void {
  let [word0, word1, word2, word3] = words as unknown as Words;
  for (let round = 0; round < rounds; round++) {
    const high0 = multiplyHigh(word0, multiplier0);
    const high1 = multiplyHigh(word2, multiplier1);
    const low0 = Math.imul(word0, multiplier0);
    const low1 = Math.imul(word2, multiplier1);
    word0 = high1 ^ word1 ^ key0;
    word1 = low1;
    word2 = high0 ^ word3 ^ key1;
    word3 = low0;
    key0 = (key0 + increment0) | 0;
    key1 = (key1 + increment1) | 0;
  }
  words[0] = word0;
  words[1] = word1;
  words[2] = word2;
  words[3] = word3;
}

/** The upper half of a 64-bit product. The factor is halved because a double holds 53 bits exactly, not 64. */
function multiplyHigh(word: number, multiplier: number): number {
  const upper = (word >>> 16) * multiplier;
  const lower = (word & 0xffff) * multiplier;
  // Fractions are cut off before the sum: 48 bits and 16 of a fraction are more than a double holds.
  return Math.floor((upper + Math.floor(lower / 0x10000)) / 0x10000) | 0;
}
