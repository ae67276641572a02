import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { DataError } from "../../errors.js";

/** Throws DataError `ERR_DATASET_CHECKSUM` unless the file has this MD5 (which finds damage, not malice). */
export async function verifyMd5(file: string, md5: string, signal?: AbortSignal): Promise<void> {
  const hash = createHash("md5");
  await pipeline(createReadStream(file), hash, signal ? { signal } : {});
  const found = hash.digest("hex");
  if (found === md5.toLowerCase()) return;
  throw new DataError(
    "ERR_DATASET_CHECKSUM",
    `${file} has the MD5 ${found}, and should have ${md5}. It is damaged or another file; get it again, or give its own md5 if you trust it.`,
    file,
  );
}
