/**
 * Number types of the format with their bits, from the least to the most: the reference implementation lays tensors
 * out from the last type of this list to the first, so that all of them are aligned.
 */
const bitsOfDtype = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
} as const;

export type Dtype = keyof typeof bitsOfDtype;

const order = Object.keys(bitsOfDtype) as Dtype[];

/** The type's place in the reference's order. */
export function rankOf(dtype: Dtype): number {
  return order.indexOf(dtype);
}

export function isDtype(value: unknown): value is Dtype {
  return typeof value === "string" && Object.hasOwn(bitsOfDtype, value);
}

/**
 * Bytes of a tensor; `undefined` where they are too many to count, or not a whole number (types of 4 and 6 bits).
 *
 * The factors are multiplied in order, like in the reference: `[2^40, 2^40, 0]` is too many, too.
 */
export function countBytes(dtype: Dtype, shape: readonly number[]): number | undefined {
  let elements = 1;
  for (const length of shape) {
    elements *= length;
    if (!Number.isSafeInteger(elements)) return undefined;
  }
  const bits = elements * bitsOfDtype[dtype];
  return Number.isSafeInteger(bits) && bits % 8 === 0 ? bits / 8 : undefined;
}
