import { types } from "node:util";

/** Where in a state a buffer belongs: property names and array indices. */
export type BufferPath = (string | number)[];

export interface SplitState {
  /** The state without its buffers: they are missing from objects, and `null` in arrays. */
  state: Record<string, unknown>;
  bufferPaths: BufferPath[];
  buffers: (ArrayBufferView | ArrayBuffer)[];
}

type Bytes = ArrayBufferView | ArrayBuffer;

/** Takes binary data out of a state, since JSON cannot carry it (ipywidgets' protocol 2.1, "buffer_paths"). */
export function splitBuffers(state: object): SplitState {
  const bufferPaths: BufferPath[] = [];
  const buffers: Bytes[] = [];

  function splitValue(value: unknown, path: BufferPath): unknown {
    if (isBytes(value)) {
      bufferPaths.push(path);
      buffers.push(value);
      return undefined;
    }
    if (Array.isArray(value)) return value.map((item, index) => splitValue(item, [...path, index]) ?? null);
    return isPlainObject(value) ? splitObject(value, path) : value;
  }

  function splitObject(object: object, path: BufferPath): Record<string, unknown> {
    const entries = Object.entries(object).map(
      ([key, value]) => [key, splitValue(value, [...path, key])] as const,
    );
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
  }

  return { state: splitObject(state, []), bufferPaths, buffers };
}

/**
 * Puts buffers back into a state in place: the inverse of {@link splitBuffers}. The paths come from outside: what is no path,
 * or leads nowhere, is ignored.
 */
export function joinBuffers(
  state: Record<string, unknown>,
  bufferPaths: unknown,
  buffers: readonly unknown[],
): void {
  if (!Array.isArray(bufferPaths)) return;
  for (const [index, path] of bufferPaths.entries()) {
    if (!isPath(path)) continue;
    const key = path.at(-1);
    let holder: unknown = state;
    for (const step of path.slice(0, -1)) {
      holder = Object.hasOwn(Object(holder), step) ? (holder as Record<string, unknown>)[step] : undefined;
    }
    if (key === undefined || key === "__proto__" || typeof holder !== "object" || holder === null) continue;
    (holder as Record<string, unknown>)[key] = buffers[index];
  }
}

function isPath(path: unknown): path is BufferPath {
  return Array.isArray(path) && path.every((step) => typeof step === "string" || typeof step === "number");
}

type NumberArray = { constructor: new (buffer: ArrayBuffer) => ArrayBufferView; BYTES_PER_ELEMENT: number };

/** Gives bytes the type of the array that they replace: `Float32Array` for a `Float32Array`. */
export function castBytes(bytes: unknown, previous: unknown): unknown {
  if (!types.isUint8Array(bytes) || !types.isTypedArray(previous)) return bytes;
  const { constructor: ArrayType, BYTES_PER_ELEMENT: elementSizeBytes } = previous as unknown as NumberArray;
  if (bytes.byteLength % elementSizeBytes !== 0) return bytes;
  return new ArrayType(new Uint8Array(bytes).buffer);
}

function isBytes(value: unknown): value is Bytes {
  return ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value);
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || prototype.constructor?.name === "Object";
}
