import * as tf from "@tensorflow/tfjs-core";
import type { EngineNoise } from "../engine.js";
import { philox } from "./philox.js";

const wordsPerBlock = 4;
const two32 = 2 ** 32;

/**
 * Random numbers drawn on the host. Block `i` of the sequence is Philox4x32-10 of the counter `(i low, i high, 0, 0)`
 * under the key `(seed low, seed high)`; a draw takes whole blocks. The torch engine computes the same on its device.
 */
export function createNoise(seed: number, position: number): EngineNoise {
  const key0 = seed | 0;
  const key1 = Math.floor(seed / two32) | 0;
  const words = new Int32Array(wordsPerBlock);
  let next = position;

  /** Fills `values` and the rest of its last block, which is thrown away. */
  const draw = (shape: number[], convert: (words: Int32Array, values: Float32Array, at: number) => void) => {
    const count = shape.reduce((product, length) => product * length, 1);
    const blocks = Math.ceil(count / wordsPerBlock);
    const values = new Float32Array(blocks * wordsPerBlock);
    for (let block = 0; block < blocks; block++) {
      words[0] = next | 0;
      words[1] = Math.floor(next / two32) | 0;
      words[2] = 0;
      words[3] = 0;
      philox(words, key0, key1);
      convert(words, values, block * wordsPerBlock);
      next += 1;
    }
    return tf.tensor(values.subarray(0, count), shape);
  };

  return {
    uniform: (shape) => draw(shape, toUniform),
    normal: (shape) => draw(shape, toNormal),
    position: () => next,
    dispose() {},
  };
}

/** The upper 24 bits, as many as a float32 holds, as a fraction in `[0, 1)`. */
const fraction = (word: number): number => (word >>> 8) * 2 ** -24;

function toUniform(words: Int32Array, values: Float32Array, at: number): void {
  for (let word = 0; word < wordsPerBlock; word++) values[at + word] = fraction(words[word] as number);
}

/** Box-Muller: two uniform numbers make two independent normal ones. */
function toNormal(words: Int32Array, values: Float32Array, at: number): void {
  for (let word = 0; word < wordsPerBlock; word += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - fraction(words[word] as number)));
    const angle = 2 * Math.PI * fraction(words[word + 1] as number);
    values[at + word] = radius * Math.cos(angle);
    values[at + word + 1] = radius * Math.sin(angle);
  }
}
