import type { FileHandle } from "node:fs/promises";
import { WeightsError } from "../errors.js";
import { writeAtomically } from "./atomic-file.js";
import { countBytes, type Dtype, isDtype, rankOf } from "./dtypes.js";
import { type FloatDtype, fromFloat32 } from "./typed-arrays.js";

export interface TensorToWrite {
  name: string;
  dtype: Dtype;
  shape: readonly number[];
  /** Little-endian; or what makes them when their turn comes, so that one tensor at a time is in memory. */
  bytes: Uint8Array | (() => Uint8Array | Promise<Uint8Array>);
}

/**
 * A tensor of float32 numbers, stored as they are or rounded to another type of floating point numbers.
 *
 * @param shape of the file, for example `[outChannels, inChannels, filterHeight, filterWidth]`; `[]` is a single number
 * @param values in the order of rows, the last axis fastest; as many as the shape has
 */
export function floatTensor(
  name: string,
  shape: readonly number[],
  values: Float32Array,
  dtype: FloatDtype = "F32",
): TensorToWrite {
  return { name, dtype, shape, bytes: () => fromFloat32(dtype, values) };
}

/**
 * Writes a safetensors file, byte for byte what the reference implementation writes for these tensors: wide types
 * first, then by name; metadata by key. The file appears whole or not at all.
 *
 * @param metadata free text by free keys; programs for PyTorch look for `format: "pt"`
 * @throws WeightsError `ERR_WEIGHTS_DUPLICATE`, `ERR_WEIGHTS_DTYPE`, `ERR_WEIGHTS_SHAPE`, `ERR_WEIGHTS_HEADER` for what
 *   cannot be written so that it could be read again
 */
export async function writeSafetensors(
  file: string,
  tensors: Iterable<TensorToWrite>,
  { metadata = {} }: { metadata?: Record<string, string> } = {},
): Promise<void> {
  const sorted = sortTensors([...tensors]);
  const header = buildHeader(sorted, metadata);
  await writeAtomically(file, async (handle) => {
    await writeFully(handle, header);
    for (const tensor of sorted) {
      const bytes = typeof tensor.bytes === "function" ? await tensor.bytes() : tensor.bytes;
      if (bytes.byteLength !== countBytes(tensor.dtype, tensor.shape)) {
        const message = `The tensor "${tensor.name}" has ${bytes.byteLength} bytes; ${tensor.dtype} [${tensor.shape}] does not.`;
        throw new WeightsError("ERR_WEIGHTS_SHAPE", message, { file, tensor: tensor.name });
      }
      await writeFully(handle, bytes);
    }
  });
}

function sortTensors(tensors: TensorToWrite[]): TensorToWrite[] {
  return tensors.sort((a, b) => rankOf(b.dtype) - rankOf(a.dtype) || compareText(a.name, b.name));
}

/** By Unicode's numbers, like the bytes of UTF-8; JavaScript's own order differs beyond the first plane. */
function compareText(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** The length of the header and the header, filled up with spaces to a multiple of 8 bytes. */
function buildHeader(sorted: TensorToWrite[], metadata: Record<string, string>): Uint8Array {
  const fields: string[] = [];
  const field = (key: string, value: unknown) =>
    fields.push(`${JSON.stringify(key)}:${JSON.stringify(value)}`);
  const keys = Object.keys(metadata).sort(compareText);
  for (const key of keys) requireText(key, metadata[key]);
  // Joined by hand: an object would put keys like "7" first, and take "__proto__" for something else.
  const pairs = keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(metadata[key])}`);
  if (keys.length > 0) fields.push(`"__metadata__":{${pairs.join(",")}}`);
  const names = new Set<string>();
  let start = 0;
  for (const { name, dtype, shape } of sorted) {
    const end = start + requireWritable(name, dtype, shape, names);
    field(name, { dtype, shape, data_offsets: [start, end] });
    start = end;
  }
  const json = Buffer.from(`{${fields.join(",")}}`);
  const padded = Math.ceil(json.length / 8) * 8;
  const header = Buffer.alloc(8 + padded, " ");
  header.writeBigUInt64LE(BigInt(padded));
  json.copy(header, 8);
  return header;
}

/** @returns the tensor's bytes */
function requireWritable(name: string, dtype: Dtype, shape: readonly number[], names: Set<string>): number {
  const details = { tensor: name };
  requireText(name, "");
  if (name === "__metadata__") {
    throw new WeightsError("ERR_WEIGHTS_HEADER", 'No tensor can be called "__metadata__".', details);
  }
  if (names.has(name)) {
    throw new WeightsError("ERR_WEIGHTS_DUPLICATE", `There are two tensors called "${name}".`, details);
  }
  names.add(name);
  if (!isDtype(dtype)) {
    throw new WeightsError("ERR_WEIGHTS_DTYPE", `"${name}" has the unknown type ${String(dtype)}.`, details);
  }
  const isShape = shape.every((length) => Number.isSafeInteger(length) && length >= 0);
  const bytes = isShape ? countBytes(dtype, shape) : undefined;
  if (bytes === undefined) {
    const message = `"${name}" of the shape [${shape.join(", ")}] and the type ${dtype} cannot be stored.`;
    throw new WeightsError("ERR_WEIGHTS_SHAPE", message, details);
  }
  return bytes;
}

function requireText(key: string, value: unknown): void {
  if (typeof value === "string" && !/\p{Surrogate}/u.test(key + value)) return;
  throw new WeightsError(
    "ERR_WEIGHTS_HEADER",
    `${JSON.stringify(key)} or what belongs to it is no valid text.`,
  );
}

async function writeFully(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  let written = 0;
  while (written < bytes.byteLength) {
    const length = Math.min(2 ** 28, bytes.byteLength - written);
    written += (await handle.write(bytes, written, length)).bytesWritten;
  }
}
