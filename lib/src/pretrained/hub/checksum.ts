import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";

/** The checksum of a file in the kind that `expected` is: SHA-256 (64 digits), or git's SHA-1 of a blob (40). */
export async function computeChecksum(file: string, size: number, expected: string): Promise<string> {
  const isGit = expected.length === 40;
  const hash = createHash(isGit ? "sha1" : "sha256");
  if (isGit) hash.update(`blob ${size}\0`);
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}
