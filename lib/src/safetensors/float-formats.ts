/** Conversions between float32 and the two 16-bit formats. All round to the nearest, ties to even, like PyTorch. */

const bfloat16NotANumber = 0x7fc0;
const float16NotANumber = 0x7e00;
const float16Infinity = 0x7c00;

/** bfloat16 is the upper half of a float32: nothing is lost. */
export function bfloat16ToFloat32(bits: Uint16Array): Float32Array {
  const wide = new Uint32Array(bits.length);
  for (let index = 0; index < bits.length; index++) wide[index] = (bits[index] as number) << 16;
  return new Float32Array(wide.buffer);
}

export function float32ToBfloat16(values: Float32Array): Uint16Array {
  const wide = bitsOf(values);
  const narrow = new Uint16Array(values.length);
  for (let index = 0; index < narrow.length; index++) narrow[index] = roundToBfloat16(wide[index] as number);
  return narrow;
}

function roundToBfloat16(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return bfloat16NotANumber;
  // Just under half of the last kept digit, and one more where that digit is odd: ties go to even.
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/** Every float16 is a float32, too: nothing is lost. */
export function float16ToFloat32(bits: Uint16Array): Float32Array {
  table ??= Float32Array.from({ length: 0x10000 }, (_, index) => valueOfFloat16(index));
  const values = new Float32Array(bits.length);
  for (let index = 0; index < bits.length; index++) values[index] = table[bits[index] as number] as number;
  return values;
}

let table: Float32Array | undefined;

/** One sign bit, five of exponent, ten of fraction (IEEE 754 binary16). */
function valueOfFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 0x400) * 2 ** (exponent - 15);
}

/** What is beyond float16's range (65,504) becomes infinite. */
export function float32ToFloat16(values: Float32Array): Uint16Array {
  const wide = bitsOf(values);
  const narrow = new Uint16Array(values.length);
  for (let index = 0; index < narrow.length; index++) narrow[index] = roundToFloat16(wide[index] as number);
  return narrow;
}

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

function roundToFloat16(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return float16NotANumber;
  if (magnitude < 0x38800000) {
    // Below 2^-14 float16 counts in steps of 2^-24. So does float32 from 0.5 to 1: the addition does the rounding.
    scratchBits[0] = magnitude;
    scratch[0] = (scratch[0] as number) + 0.5;
    return sign | ((scratchBits[0] as number) - 0x3f000000);
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  if (rounded >= 0x47800000) return sign | float16Infinity;
  return sign | ((rounded - 0x38000000) >>> 13); // the exponent's offset is 127 in float32 and 15 here
}

function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}
