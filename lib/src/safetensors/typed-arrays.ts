import type { Dtype } from "./dtypes.js";
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from "./float-formats.js";

/** Types of weights: what `readFloat32` converts from. */
export type FloatDtype = "F64" | "F32" | "F16" | "BF16";

export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** The format is little-endian, and so is every machine that has an engine. */
const views: Partial<Record<Dtype, (bytes: Uint8Array) => TensorData>> = {
  BOOL: ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength),
  U8: ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength),
  I8: ({ buffer, byteOffset, byteLength }) => new Int8Array(buffer, byteOffset, byteLength),
  I16: ({ buffer, byteOffset, byteLength }) => new Int16Array(buffer, byteOffset, byteLength / 2),
  U16: ({ buffer, byteOffset, byteLength }) => new Uint16Array(buffer, byteOffset, byteLength / 2),
  I32: ({ buffer, byteOffset, byteLength }) => new Int32Array(buffer, byteOffset, byteLength / 4),
  U32: ({ buffer, byteOffset, byteLength }) => new Uint32Array(buffer, byteOffset, byteLength / 4),
  I64: ({ buffer, byteOffset, byteLength }) => new BigInt64Array(buffer, byteOffset, byteLength / 8),
  U64: ({ buffer, byteOffset, byteLength }) => new BigUint64Array(buffer, byteOffset, byteLength / 8),
  F32: ({ buffer, byteOffset, byteLength }) => new Float32Array(buffer, byteOffset, byteLength / 4),
  F64: ({ buffer, byteOffset, byteLength }) => new Float64Array(buffer, byteOffset, byteLength / 8),
  F16: (bytes) => float16ToFloat32(sixteenBits(bytes)),
  BF16: (bytes) => bfloat16ToFloat32(sixteenBits(bytes)),
};

/** The numbers that the bytes stand for; `undefined` for types that JavaScript has no array for. */
export function toTypedArray(dtype: Dtype, bytes: Uint8Array): TensorData | undefined {
  return views[dtype]?.(bytes);
}

export function isFloatDtype(dtype: Dtype): dtype is FloatDtype {
  return dtype === "F64" || dtype === "F32" || dtype === "F16" || dtype === "BF16";
}

/** float32 numbers as bytes of one of the floating point types, rounded to the nearest. */
export function fromFloat32(dtype: FloatDtype, values: Float32Array): Uint8Array {
  const converted =
    dtype === "F64"
      ? new Float64Array(values)
      : dtype === "F16"
        ? float32ToFloat16(values)
        : dtype === "BF16"
          ? float32ToBfloat16(values)
          : values;
  return new Uint8Array(converted.buffer, converted.byteOffset, converted.byteLength);
}

function sixteenBits({ buffer, byteOffset, byteLength }: Uint8Array): Uint16Array {
  return new Uint16Array(buffer, byteOffset, byteLength / 2);
}
