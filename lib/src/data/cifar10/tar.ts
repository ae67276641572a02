import { DataError } from "../../errors.js";

/** Everything in a tar archive comes in blocks of this many bytes. */
const blockSize = 512;

/**
 * Reads single files out of a tar archive (POSIX.1-1988 "ustar") while it streams by; nothing is written anywhere.
 *
 * @param chunks the archive, unpacked, in pieces of any size
 * @param wanted whether a regular file of this name is to be read; the first one counts where a name occurs twice
 * @param limits.fileBytes the largest wanted file; @param limits.archiveBytes the largest archive
 * @param file name of the archive, for errors
 * @throws DataError `ERR_DATASET_FORMAT` where it is damaged, ends early, or is larger than it may be
 */
export async function readTar(
  chunks: AsyncIterable<Uint8Array>,
  wanted: (name: string) => boolean,
  limits: { fileBytes: number; archiveBytes: number },
  file: string,
): Promise<Map<string, Buffer>> {
  const broken = (reason: string) =>
    new DataError("ERR_DATASET_FORMAT", `${file} is no intact tar archive: ${reason}. Get it again.`, file);
  const source = createReader(chunks, limits.archiveBytes, broken);
  const files = new Map<string, Buffer>();
  for (;;) {
    const header = await source.read(blockSize);
    if (header.every((byte) => byte === 0)) {
      await source.drain(); // an empty block ends the archive; what packed it may have a checksum at its very end
      return files;
    }
    const { name, size, isFile } = parseHeader(header, broken);
    const padding = (blockSize - (size % blockSize)) % blockSize;
    if (isFile && wanted(name) && !files.has(name)) {
      if (size > limits.fileBytes) throw broken(`${name} claims to have ${size} bytes`);
      files.set(name, await source.read(size));
      await source.skip(padding);
    } else {
      await source.skip(size + padding);
    }
  }
}

type Broken = (reason: string) => DataError;

function parseHeader(header: Buffer, broken: Broken): { name: string; size: number; isFile: boolean } {
  // The sum of all bytes, with the field of the checksum itself taken as spaces.
  const sum = header.reduce((total, byte, place) => total + (place >= 148 && place < 156 ? 32 : byte), 0);
  if (readOctal(header, 148, 8) !== sum) throw broken("the checksum of a header is wrong");
  const size = readOctal(header, 124, 12);
  if (size === undefined) throw broken("a header has no readable size");
  const isUstar = header.toString("latin1", 257, 262) === "ustar";
  const prefix = isUstar ? readText(header, 345, 155) : "";
  const name = readText(header, 0, 100);
  const type = String.fromCharCode(header[156] as number);
  return { name: prefix ? `${prefix}/${name}` : name, size, isFile: type === "0" || type === "\0" };
}

function readText(header: Buffer, start: number, length: number): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end < 0 ? length : end);
}

function readOctal(header: Buffer, start: number, length: number): number | undefined {
  const digits = readText(header, start, length).trim();
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : undefined;
}

/** Hands out exactly as many bytes as are asked for, whatever the sizes of the chunks. */
function createReader(chunks: AsyncIterable<Uint8Array>, limit: number, broken: Broken) {
  const iterator = chunks[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array(0);
  let total = 0;
  /** The next chunk becomes `rest`; false where there is none. */
  const advance = async (): Promise<boolean> => {
    const { value, done } = await iterator.next();
    if (done) return false;
    rest = value;
    total += rest.length;
    if (total > limit) throw broken(`it is larger than ${limit} bytes when unpacked`);
    return true;
  };
  /** Up to `most` bytes; at least one. */
  const take = async (most: number): Promise<Uint8Array> => {
    while (rest.length === 0) {
      if (!(await advance())) throw broken("it ends too early");
    }
    const part = rest.subarray(0, most);
    rest = rest.subarray(part.length);
    return part;
  };
  return {
    async read(length: number): Promise<Buffer> {
      const result = Buffer.alloc(length);
      for (let filled = 0; filled < length; ) {
        const part = await take(length - filled);
        result.set(part, filled);
        filled += part.length;
      }
      return result;
    },
    async drain(): Promise<void> {
      while (await advance());
    },
    async skip(length: number): Promise<void> {
      for (let left = length; left > 0; ) left -= (await take(left)).length;
    },
  };
}
