import fs, { type FileHandle } from "node:fs/promises";
import { WeightsError } from "../errors.js";
import { requirePath } from "../options.js";
import { maxHeaderBytes, parseHeader, type SafetensorsHeader, type TensorEntry } from "./header.js";
import { isFloatDtype, type TensorData, toTypedArray } from "./typed-arrays.js";

/** Tensors by name, read one at a time: one file, or several that belong together. */
export interface TensorSource extends SafetensorsHeader {
  /** A tensor's bytes as they lie in the file, little-endian. */
  readBytes(name: string): Promise<Uint8Array>;
  /** The numbers in the type that JavaScript has for them; 16-bit floats come as float32, truth values as 0 and 1. */
  read(name: string): Promise<TensorData>;
  /** The numbers of a tensor of floating point numbers, in whatever width they are stored. */
  readFloat32(name: string): Promise<Float32Array>;
  close(): Promise<void>;
}

/** The system reads less than 2 GiB in one call; pieces of 16 MiB are as fast. */
const bytesPerRead = 2 ** 24;

/**
 * Opens a safetensors file. Only the header is read; tensors are read when they are asked for.
 *
 * @throws WeightsError `ERR_WEIGHTS_NOT_FOUND` where there is no such file, and those of `parseHeader`
 */
export async function openSafetensors(file: string): Promise<TensorSource> {
  requirePath("file", file);
  const handle = await openRegularFile(file).catch((cause) => {
    const message = `${file} cannot be opened: ${cause.message}.`;
    throw new WeightsError("ERR_WEIGHTS_NOT_FOUND", message, { file, cause });
  });
  try {
    const { header, dataStart } = await readHeader(handle, file);
    return createSource(
      header,
      file,
      () => handle.close(),
      (entry) => {
        const bytes = new Uint8Array(entry.end - entry.start);
        return readExactly(handle, bytes, dataStart + entry.start, file);
      },
    );
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Opening a named pipe would wait for ever, until somebody writes to it. */
async function openRegularFile(file: string): Promise<FileHandle> {
  const status = await fs.stat(file);
  if (!status.isFile()) throw new Error("it is not a regular file");
  return fs.open(file, "r");
}

async function readHeader(handle: FileHandle, file: string) {
  const status = await handle.stat();
  if (status.size < 8) {
    const message = `${file} has ${status.size} bytes; a safetensors file has more than 8. Get it again.`;
    throw new WeightsError("ERR_WEIGHTS_TRUNCATED", message, { file });
  }
  const lengthBytes = await readExactly(handle, new Uint8Array(8), 0, file);
  const length = new DataView(lengthBytes.buffer).getBigUint64(0, true);
  if (length > maxHeaderBytes) {
    const message = `${file} claims a header of ${length} bytes; the limit is ${maxHeaderBytes}. It is damaged, or no safetensors file.`;
    throw new WeightsError("ERR_WEIGHTS_HEADER", message, { file });
  }
  const dataStart = 8 + Number(length);
  if (dataStart > status.size) {
    const message = `${file} claims a header of ${length} bytes and has ${status.size} in all, as if it had been copied in part. Get it again.`;
    throw new WeightsError("ERR_WEIGHTS_TRUNCATED", message, { file });
  }
  const bytes = await readExactly(handle, new Uint8Array(Number(length)), 8, file);
  return { header: parseHeader(bytes, status.size - dataStart, file), dataStart };
}

/** @param readEntry reads the bytes of one tensor into an array of its own */
function createSource(
  header: SafetensorsHeader,
  file: string,
  close: () => Promise<void>,
  readEntry: (entry: TensorEntry) => Promise<Uint8Array>,
): TensorSource {
  const entryOf = (name: string) => requireTensor(header, name, file);
  const read = async (name: string) => {
    const { dtype } = entryOf(name);
    const data = toTypedArray(dtype, await readEntry(entryOf(name)));
    if (data) return data;
    const message = `The tensor "${name}" of ${file} has the type ${dtype}, which JavaScript has no numbers for; readBytes gives its bytes.`;
    throw new WeightsError("ERR_WEIGHTS_DTYPE", message, { file, tensor: name });
  };
  return {
    ...header,
    readBytes: async (name) => readEntry(entryOf(name)),
    read,
    async readFloat32(name) {
      const { dtype } = entryOf(name);
      if (!isFloatDtype(dtype)) {
        const message = `The tensor "${name}" of ${file} has the type ${dtype}; weights are F32, F16, BF16 or F64. Convert it first.`;
        throw new WeightsError("ERR_WEIGHTS_DTYPE", message, { file, tensor: name });
      }
      const data = await read(name);
      return data instanceof Float32Array ? data : Float32Array.from(data as Float64Array);
    },
    close,
  };
}

/** @throws WeightsError `ERR_WEIGHTS_MISSING` where there is none of that name */
export function requireTensor({ tensors }: SafetensorsHeader, name: string, file: string): TensorEntry {
  const entry = tensors.get(name);
  if (entry) return entry;
  throw new WeightsError("ERR_WEIGHTS_MISSING", `${file} has no tensor "${name}".`, { file, tensor: name });
}

/** Fills `bytes`, or says that the file has become shorter since it was opened. */
async function readExactly(
  handle: FileHandle,
  bytes: Uint8Array,
  position: number,
  file: string,
): Promise<Uint8Array> {
  let filled = 0;
  while (filled < bytes.length) {
    const length = Math.min(bytesPerRead, bytes.length - filled);
    const { bytesRead } = await handle.read(bytes, filled, length, position + filled);
    if (bytesRead === 0) {
      const message = `${file} ends ${bytes.length - filled} bytes too early: it was changed while it was being read.`;
      throw new WeightsError("ERR_WEIGHTS_TRUNCATED", message, { file });
    }
    filled += bytesRead;
  }
  return bytes;
}
