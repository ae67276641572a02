import { createHash } from "node:crypto";
import fs from "node:fs/promises";
import path from "node:path";
import { ConfigError } from "../../errors.js";
import { makeFolder } from "../../full-disk.js";
import { writeAtomically } from "../../safetensors/atomic-file.js";

/**
 * A cache file: 8 bytes to know it by, the length of the header (32 bits, little-endian), the header (JSON), the raw
 * pixels, and the SHA-256 of all that.
 */
const signature = Buffer.from("LATIMG1\n");
const headerStart = signature.length + 4;
const digestSize = 32;

/** What a cache holds besides pixels. */
export interface CacheHeader {
  /** What the pixels depend on: a cache with another key is of no use. */
  key: string;
  /** In bytes. */
  pixelCount: number;
  /** Whatever else is to be kept, as JSON. */
  content: unknown;
}

/**
 * Reads a cache.
 *
 * @returns undefined where there is none, or a damaged or an outdated one
 * @throws ConfigError where the file is there and something else than a cache, which must not be overwritten
 */
export async function readCache(
  file: string,
  key: string,
): Promise<{ content: unknown; pixels: Uint8Array } | undefined> {
  const bytes = await readOwnFile(file);
  if (!bytes) return undefined;
  const header = parseHeader(bytes);
  if (header?.key !== key) return undefined;
  const digest = createHash("sha256").update(bytes.subarray(0, -digestSize)).digest();
  if (!digest.equals(bytes.subarray(-digestSize))) return undefined;
  const pixelStart = headerStart + bytes.readUInt32LE(signature.length);
  return { content: header.content, pixels: bytes.subarray(pixelStart, -digestSize) };
}

/** The whole file; undefined where there is none. */
async function readOwnFile(file: string): Promise<Buffer | undefined> {
  const handle = await fs.open(file).catch((error) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (!handle) return undefined;
  try {
    const status = await handle.stat();
    const start = Buffer.alloc(signature.length);
    if (status.isFile()) await handle.read(start, 0, start.length, 0);
    if (!status.isFile() || (status.size > 0 && !start.equals(signature))) {
      throw new ConfigError(
        "ERR_OPTION_OUT_OF_RANGE",
        `${file} is there and is no cache of pictures. Give cache the name of another file, or remove that one.`,
      );
    }
    return await readAll(handle, status.size);
  } finally {
    await handle.close();
  }
}

/** In pieces: one call reads 2 GiB at most. */
async function readAll(handle: fs.FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.alloc(size);
  let filled = 0;
  while (filled < size) {
    const { bytesRead } = await handle.read(bytes, filled, Math.min(size - filled, 1 << 28), filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

/** The header, if it and the file's length fit together. */
function parseHeader(bytes: Buffer): CacheHeader | undefined {
  if (bytes.length < headerStart + digestSize) return undefined;
  const headerEnd = headerStart + bytes.readUInt32LE(signature.length);
  if (headerEnd + digestSize > bytes.length) return undefined;
  try {
    const header = JSON.parse(bytes.toString("utf8", headerStart, headerEnd)) as CacheHeader | null;
    return header?.pixelCount === bytes.length - digestSize - headerEnd ? header : undefined;
  } catch {
    return undefined;
  }
}

/** Writes a cache beside its place and moves it there, so that no reader ever sees half of one. */
export async function writeCache(
  file: string,
  key: string,
  content: unknown,
  pixels: Uint8Array,
): Promise<void> {
  const header: CacheHeader = { key, pixelCount: pixels.length, content };
  const headerBytes = Buffer.from(JSON.stringify(header));
  const start = Buffer.alloc(headerStart);
  signature.copy(start);
  start.writeUInt32LE(headerBytes.length, signature.length);
  const parts = [start, headerBytes, pixels];
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  await makeFolder(path.dirname(file));
  await writeAtomically(file, async (handle) => {
    for (const part of [...parts, hash.digest()]) await handle.appendFile(part);
  });
}
