import type { DataType } from "@tensorflow/tfjs-core";
import { ScalarType } from "./addon.js";

/** torch's numbers of types that the addon does not bring to the host (c10/core/ScalarType.h). */
export const complex64 = 9;
export const float64 = 7;

/** torch's numbers for the types of TensorFlow.js. */
export const scalarTypes: Record<Exclude<DataType, "string">, number> = {
  float32: ScalarType.float32,
  int32: ScalarType.int32,
  bool: ScalarType.bool,
  complex64,
};

export function scalarTypeOf(dtype: DataType): number {
  return scalarTypes[dtype as Exclude<DataType, "string">];
}

/** Bytes of one number. */
export function bytesOf(dtype: DataType): number {
  return dtype === "complex64" ? 8 : dtype === "bool" ? 1 : 4;
}

/** torch's number for memory in the order of the axes (c10/core/MemoryFormat.h). */
export const contiguous = 0;
