import path from "node:path";
import { ConfigError } from "../errors.js";
import { requireInteger, requirePath } from "../options.js";
import { readCache, writeCache } from "./image-folder/cache.js";
import { type BadFile, type DecodedFolder, decodeFolder, keyOf } from "./image-folder/decode-folder.js";
import { findImages } from "./image-folder/find-images.js";
import { type DecodingOptions, requireDecoding } from "./image-folder/load-image.js";
import type { ImageSet } from "./image-set.js";

export interface ImageFolderOptions extends DecodingOptions {
  /**
   * What a broken or too large file does. `"list"`: it is left out, listed in `badFiles`, and a warning says so;
   * `"throw"`: nothing is loaded.
   */
  onBadFile?: "list" | "throw";
  /**
   * A file that keeps the decoded pictures for the next time. It is made anew whenever files or options have changed, or
   * if it is damaged; the pictures' folder itself is not written to unless the file is put there.
   */
  cache?: string;
  /** Files that are decoded at the same time. */
  concurrency?: number;
  /** Stops the loading after the files that are being decoded. */
  signal?: AbortSignal;
}

/** The pictures of a folder. */
export interface FolderImages extends ImageSet {
  files: string[];
  /** What could not be read, in the order of the paths. */
  badFiles: BadFile[];
}

/**
 * Loads every JPEG, PNG and WebP file of a folder and the folders in it, in the order of their paths.
 *
 * Every picture is turned upright (EXIF), cropped to a square, scaled to `size`, laid on `background` where it is
 * transparent, and converted to sRGB with 8 bits a channel. Of animations the first frame counts. Names that start
 * with a dot are passed over, and links to other folders are not followed. What has the name of a picture but is no
 * regular file (a named pipe, a socket, a link to nothing or to a folder) counts as a broken picture.
 *
 * @returns RGB pictures with their `files`, and the `badFiles`
 * @throws ConfigError for an empty path, or an option out of range
 * @throws DataError `ERR_FOLDER_NOT_FOUND`, `ERR_FOLDER_NOT_A_FOLDER`, `ERR_FOLDER_EMPTY`; `ERR_IMAGE_BROKEN` and
 *   `ERR_IMAGE_TOO_LARGE` with the `file`, if `onBadFile` is "throw" or no picture is left
 * @throws the signal's reason once it is aborted
 */
export async function imageFolder(folder: string, options: ImageFolderOptions = {}): Promise<FolderImages> {
  const { onBadFile = "list", cache, concurrency = 8, signal } = options;
  requirePath("folder", folder);
  if (cache !== undefined) requirePath("cache", cache);
  requireInteger("concurrency", concurrency, 1);
  if (onBadFile !== "list" && onBadFile !== "throw") {
    throw new ConfigError(
      "ERR_OPTION_OUT_OF_RANGE",
      `onBadFile has to be "list" or "throw", not "${onBadFile}".`,
    );
  }
  const decoding = requireDecoding(options);
  signal?.throwIfAborted();
  const names = (await findImages(folder)).map((file) => path.relative(folder, file));

  const key = cache === undefined ? "" : await keyOf(folder, names, decoding);
  let decoded = cache === undefined ? undefined : await fromCache(cache, key);
  if (!decoded || (onBadFile === "throw" && decoded.badFiles.length > 0)) {
    decoded = await decodeFolder(folder, names, decoding, { onBadFile, concurrency, signal });
    if (cache !== undefined) {
      const content = { names: decoded.names, badFiles: decoded.badFiles };
      await writeCache(cache, key, content, decoded.pixels);
    }
  }
  const inFolder = (name: string) => path.join(folder, name);
  const badFiles = decoded.badFiles.map(({ name, ...bad }): BadFile => ({ file: inFolder(name), ...bad }));
  warnOf(badFiles, names.length);
  return {
    count: decoded.names.length,
    shape: [decoding.size, decoding.size, 3],
    pixels: decoded.pixels,
    files: decoded.names.map(inFolder),
    badFiles,
  };
}

async function fromCache(file: string, key: string): Promise<DecodedFolder | undefined> {
  const found = await readCache(file, key);
  if (!found) return undefined;
  const { names, badFiles } = found.content as Pick<DecodedFolder, "names" | "badFiles">;
  return { names, badFiles, pixels: found.pixels };
}

/** What is left out silently is missed too late. */
function warnOf(badFiles: BadFile[], total: number): void {
  const [first] = badFiles;
  if (!first) return;
  const others = badFiles.length > 1 ? ` (and ${badFiles.length - 1} more, see badFiles)` : "";
  process.emitWarning(`${badFiles.length} of ${total} files were left out: ${first.message}${others}`, {
    type: "LatentlabWarning",
    code: first.code,
  });
}
