import { WeightsError, type WeightsErrorCode } from "../errors.js";
import { countBytes, type Dtype, isDtype } from "./dtypes.js";
import { findDuplicateKey } from "./duplicate-keys.js";

/** The reference implementation's limit: no honest header is as long. */
export const maxHeaderBytes = 100_000_000;

/** One tensor of a file. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Where its bytes begin and end, counted from the first byte after the header. */
  readonly start: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  /** In the order of their bytes. */
  tensors: ReadonlyMap<string, TensorEntry>;
  /** Free text by free keys. */
  metadata: ReadonlyMap<string, string>;
}

/**
 * Reads and checks the JSON header of a safetensors file (https://github.com/huggingface/safetensors, section "Format").
 *
 * As strict as the reference, and stricter with a name that is there twice, which it passes over: every byte of the
 * file belongs to exactly one tensor, or nothing is read.
 *
 * @param bytes the header alone, without its length
 * @param dataBytes length of what follows it in the file
 * @param file for the errors' sentences
 * @throws WeightsError `ERR_WEIGHTS_HEADER`, `ERR_WEIGHTS_DUPLICATE`, `ERR_WEIGHTS_DTYPE`, `ERR_WEIGHTS_SHAPE`,
 *   `ERR_WEIGHTS_OFFSETS`, `ERR_WEIGHTS_TRUNCATED`
 */
export function parseHeader(bytes: Uint8Array, dataBytes: number, file = "The file"): SafetensorsHeader {
  const fields = parseObject(bytes, file);
  const tensors: TensorEntry[] = [];
  let metadata: ReadonlyMap<string, string> = new Map();
  for (const [name, value] of Object.entries(fields)) {
    if (name === "__metadata__") metadata = parseMetadata(value, file);
    else tensors.push(parseEntry(name, value, file));
  }
  tensors.sort((a, b) => a.start - b.start || a.end - b.end);
  requireSeamless(tensors, dataBytes, file);
  return { tensors: new Map(tensors.map((entry) => [entry.name, entry])), metadata };
}

function parseObject(bytes: Uint8Array, file: string): Record<string, unknown> {
  let text: string;
  let parsed: unknown;
  let duplicate: string | undefined;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    parsed = JSON.parse(text);
    duplicate = findDuplicateKey(text);
  } catch (cause) {
    throw broken("ERR_WEIGHTS_HEADER", file, `its header is no JSON (${(cause as Error).message})`, cause);
  }
  if (!isObject(parsed)) throw broken("ERR_WEIGHTS_HEADER", file, "its header is no JSON object");
  if (duplicate !== undefined) {
    throw broken("ERR_WEIGHTS_DUPLICATE", file, `its header has ${show(duplicate)} twice`);
  }
  return parsed;
}

function parseMetadata(value: unknown, file: string): ReadonlyMap<string, string> {
  if (value === null) return new Map(); // as the reference takes it
  if (!isObject(value)) throw broken("ERR_WEIGHTS_HEADER", file, "its __metadata__ is no object");
  const entries = Object.entries(value);
  for (const [key, text] of entries) {
    if (typeof text !== "string") {
      throw broken("ERR_WEIGHTS_HEADER", file, `its metadata ${show(key)} is no text`);
    }
  }
  return new Map(entries as [string, string][]);
}

function parseEntry(name: string, value: unknown, file: string): TensorEntry {
  const fail = (code: WeightsErrorCode, reason: string) =>
    broken(code, file, `its tensor ${show(name)} ${reason}`, undefined, name);
  // Half of a character outside of Unicode's first plane: JavaScript lets it through, no other language does.
  if (/\p{Surrogate}/u.test(name)) throw fail("ERR_WEIGHTS_HEADER", "has a name that is no valid text");
  if (!isObject(value)) throw fail("ERR_WEIGHTS_HEADER", "is not described by an object");
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isDtype(dtype)) throw fail("ERR_WEIGHTS_DTYPE", `has the unknown type ${show(dtype)}`);
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    throw fail("ERR_WEIGHTS_SHAPE", `has the shape ${show(shape)}`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw fail("ERR_WEIGHTS_OFFSETS", `lies at the offsets ${show(offsets)}`);
  }
  const [start, end] = offsets as [number, number];
  const bytes = countBytes(dtype, shape);
  if (bytes === undefined) {
    throw fail("ERR_WEIGHTS_SHAPE", `has the shape ${show(shape)} of ${dtype}, which cannot be stored`);
  }
  if (end - start !== bytes) {
    throw fail(
      "ERR_WEIGHTS_OFFSETS",
      `needs ${bytes} bytes (${dtype} ${show(shape)}) and lies at ${start} to ${end}`,
    );
  }
  return { name, dtype, shape, start, end };
}

/** Every tensor begins where the one before it ends, the first at 0, and the last ends with the file. */
function requireSeamless(tensors: TensorEntry[], dataBytes: number, file: string): void {
  let position = 0;
  for (const { name, start, end } of tensors) {
    if (start !== position) {
      const problem = start < position ? "overlaps another one" : "has a hole before it";
      const reason = `its tensor ${show(name)} at ${start} to ${end} ${problem} (expected at ${position})`;
      throw broken("ERR_WEIGHTS_OFFSETS", file, reason, undefined, name);
    }
    position = end;
  }
  if (position > dataBytes) {
    const reason = `its tensors need ${position} bytes and ${dataBytes} are there, as if it had been copied in part`;
    throw broken("ERR_WEIGHTS_TRUNCATED", file, reason);
  }
  if (position < dataBytes) {
    const reason = `${dataBytes - position} bytes after its last tensor belong to nothing`;
    throw broken("ERR_WEIGHTS_OFFSETS", file, reason);
  }
}

function broken(code: WeightsErrorCode, file: string, reason: string, cause?: unknown, tensor?: string) {
  return new WeightsError(
    code,
    `${file} cannot be read as safetensors: ${reason}. Get the file again from where it came from.`,
    { file, cause, ...(tensor !== undefined && { tensor }) },
  );
}

/** -0 would come out of a round trip as 0. */
function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** For a sentence: a hostile value can be as long as the header. */
function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "undefined";
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}
