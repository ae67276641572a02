import type { Pictures } from "../../../src/data/image-set.js";
import { createRandom } from "../../../src/random.js";

/** Adds normal noise of standard deviation `std`, on the scale where pictures span [-1, 1]. */
export function addNoise({ data, shape }: Pictures, std: number): Pictures {
  const random = createRandom(9);
  return { data: Uint8ClampedArray.from(data, (v) => v + 127.5 * std * random.normal()) as never, shape };
}

/** Gaussian blur with `sigma` in pixels; beyond the edges pictures are mirrored. */
export function blur({ data, shape }: Pictures, sigma: number): Pictures {
  const [, height, width, channels] = shape;
  const reach = Math.ceil(4 * sigma);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, tap) => {
    return Math.exp(-((tap - reach) ** 2) / (2 * sigma ** 2));
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const mirror = (place: number, length: number) => {
    if (place < 0) return -place - 1;
    return place >= length ? 2 * length - 1 - place : place;
  };
  /** Along one axis: `length` places, `stride` values apart. */
  const pass = (source: ArrayLike<number>, length: number, stride: number) => {
    const result = new Float32Array(source.length);
    for (let index = 0; index < source.length; index++) {
      const place = Math.floor(index / stride) % length;
      const start = index - place * stride;
      let sum = 0;
      for (let tap = 0; tap < weights.length; tap++) {
        const from = start + mirror(place + tap - reach, length) * stride;
        sum += (source[from] as number) * (weights[tap] as number);
      }
      result[index] = sum / total;
    }
    return result;
  };
  const alongX = pass(data, width, channels);
  return { data: Uint8Array.from(pass(alongX, height, width * channels), Math.round), shape };
}

/** Applies `change` to every picture, given as `[height, width, channels]` bytes, in a copy. */
export function changeEach(
  { data, shape }: Pictures,
  change: (pixels: Uint8Array, index: number) => void,
): Pictures {
  const copy = data.slice();
  const size = shape[1] * shape[2] * shape[3];
  for (let index = 0; index < shape[0]; index++)
    change(copy.subarray(index * size, (index + 1) * size), index);
  return { data: copy, shape };
}
