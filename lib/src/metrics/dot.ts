import { type Rows, sizeOf } from "./check.js";

/** Rows as double-precision numbers, and how many there are of what length. */
export interface Table {
  data: Float64Array;
  count: number;
  size: number;
}

export function toTable({ data, shape }: Rows): Table {
  return { data: Float64Array.from(data), count: shape[0] as number, size: sizeOf(shape.slice(1)) };
}

/**
 * Scalar product of `length` values of two arrays, from `start` and `otherStart` on. Four sums side by side: a single one waits
 * for every addition before the next, and takes twice as long.
 */
export function dot(
  array: Float64Array,
  start: number,
  other: Float64Array,
  otherStart: number,
  length: number,
): number {
  let sum0 = 0;
  let sum1 = 0;
  let sum2 = 0;
  let sum3 = 0;
  let index = 0;
  for (; index + 3 < length; index += 4) {
    const place = start + index;
    const otherPlace = otherStart + index;
    sum0 += (array[place] as number) * (other[otherPlace] as number);
    sum1 += (array[place + 1] as number) * (other[otherPlace + 1] as number);
    sum2 += (array[place + 2] as number) * (other[otherPlace + 2] as number);
    sum3 += (array[place + 3] as number) * (other[otherPlace + 3] as number);
  }
  for (; index < length; index++)
    sum0 += (array[start + index] as number) * (other[otherStart + index] as number);
  return sum0 + sum1 + (sum2 + sum3);
}

/** Squared Euclidean distance, in the same way. */
export function squaredDistance(
  array: Float64Array,
  start: number,
  other: Float64Array,
  otherStart: number,
  length: number,
): number {
  let even = 0;
  let odd = 0;
  let index = 0;
  for (; index + 1 < length; index += 2) {
    const difference = (array[start + index] as number) - (other[otherStart + index] as number);
    const next = (array[start + index + 1] as number) - (other[otherStart + index + 1] as number);
    even += difference * difference;
    odd += next * next;
  }
  if (index < length) even += ((array[start + index] as number) - (other[otherStart + index] as number)) ** 2;
  return even + odd;
}

/** The matrix `[count, size]`, row by row, with rows and columns exchanged. */
export function transpose(data: Float64Array, count: number, size: number): Float64Array {
  const result = new Float64Array(data.length);
  for (let row = 0; row < count; row++) {
    for (let column = 0; column < size; column++)
      result[column * count + row] = data[row * size + column] as number;
  }
  return result;
}
