/** In bytes: the signature before the first chunk. */
const signatureSize = 8;
/** In bytes: length and type before a chunk's data, and the checksum behind them. */
const chunkFrameSize = 12;

/**
 * Whether a PNG file is complete: its chunks (PNG specification, section 5.3) follow each other up to a whole IEND.
 *
 * libpng is content with all pixels and does not look for the end, so it takes a file whose last bytes were lost.
 * Bytes behind IEND are allowed, as all decoders allow them.
 */
export function hasPngEnd(bytes: Buffer): boolean {
  let start = signatureSize;
  while (start + chunkFrameSize <= bytes.length) {
    const end = start + chunkFrameSize + bytes.readUInt32BE(start);
    const type = bytes.toString("latin1", start + 4, start + 8);
    if (type === "IEND") return end <= bytes.length;
    start = end;
  }
  return false;
}
