import fs from "node:fs/promises";
import path from "node:path";
import sharp, { type Metadata } from "sharp";
import { DataError } from "../errors.js";
import { requireInteger, requireNumber, requirePath } from "../options.js";
import type { ImageSet } from "./image-set.js";
import { hasPngEnd } from "./png-end.js";

const extensions = new Set([".jpg", ".jpeg", ".png", ".webp"]);
const formats = new Set(["jpeg", "png", "webp"]);
/** Files that are decoded at the same time; sharp has its own threads for each. */
const concurrency = 8;

export interface ImageFolderOptions {
  /** Height and width of the pictures after cropping and scaling, in pixels. */
  size?: number;
  /** The largest picture that is decoded, in pixels. Small files can claim to be gigantic pictures. */
  maxPixels?: number;
}

/**
 * Loads every JPEG, PNG and WebP file of a folder and the folders in it, in the order of their paths.
 *
 * Every picture is turned upright (EXIF), cropped to its centre square, scaled to `size`, laid on white where it is
 * transparent, and converted to sRGB with 8 bits a channel. Of animations the first frame counts. Names that start
 * with a dot are passed over, and links to other folders are not followed. What has the name of a picture but is no
 * regular file (a named pipe, a socket, a link to nothing or to a folder) counts as a broken picture. All pictures are
 * loaded or none.
 *
 * @returns RGB pictures with their `files`
 * @throws ConfigError for an empty path, or an option out of range
 * @throws DataError `ERR_FOLDER_NOT_FOUND`, `ERR_FOLDER_NOT_A_FOLDER`, `ERR_FOLDER_EMPTY`; `ERR_IMAGE_BROKEN` and
 *   `ERR_IMAGE_TOO_LARGE` with the `file`
 */
export async function imageFolder(folder: string, options: ImageFolderOptions = {}): Promise<ImageSet> {
  const { size = 32, maxPixels = 50e6 } = options;
  requirePath("folder", folder);
  requireInteger("size", size, 1);
  requireNumber("maxPixels", maxPixels, 1);
  const files = await findImages(folder);
  const pictureBytes = size * size * 3;
  const pixels = new Uint8Array(files.length * pictureBytes);
  for (let start = 0; start < files.length; start += concurrency) {
    const group = files.slice(start, start + concurrency);
    const loaded = await Promise.all(group.map((file) => loadImage(file, size, maxPixels)));
    for (const [offset, picture] of loaded.entries()) pixels.set(picture, (start + offset) * pictureBytes);
  }
  return { count: files.length, shape: [size, size, 3], pixels, files };
}

async function findImages(folder: string): Promise<string[]> {
  const entries = await fs.readdir(folder, { recursive: true, withFileTypes: true }).catch((error) => {
    if (error.code === "ENOENT") {
      throw new DataError(
        "ERR_FOLDER_NOT_FOUND",
        `There is no folder ${path.resolve(folder)}. Check the path.`,
      );
    }
    if (error.code === "ENOTDIR") {
      throw new DataError(
        "ERR_FOLDER_NOT_A_FOLDER",
        `${path.resolve(folder)} is a file. Give the folder that it lies in.`,
      );
    }
    throw error;
  });
  const files = entries
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith("."))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => extensions.has(path.extname(file).toLowerCase()))
    .sort(); // by code units: the same order on every machine, whatever its language
  if (files.length === 0) {
    throw new DataError(
      "ERR_FOLDER_EMPTY",
      `There is no JPEG, PNG or WebP file (${[...extensions].join(", ")}) in ${path.resolve(folder)} or the folders in it.`,
    );
  }
  return files;
}

/** One picture as `[size, size, 3]` bytes. */
async function loadImage(file: string, size: number, maxPixels: number): Promise<Uint8Array> {
  // Read here and not by libvips: that caches files by name and would not see one that was repaired meanwhile.
  const bytes = await readRegularFile(file).catch((error) => {
    throw brokenImage(file, error);
  });
  const format = await checkHeader(file, bytes, maxPixels);
  if (format === "png" && !hasPngEnd(bytes)) {
    throw brokenImage(file, new Error("its end is missing, as if it had been copied in part"));
  }
  try {
    const { data } = await sharp(bytes, { failOn: "warning", limitInputPixels: maxPixels, autoOrient: true })
      .resize(size, size, { fit: "cover", position: "centre" })
      .flatten({ background: "white" })
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return data;
  } catch (error) {
    throw brokenImage(file, error);
  }
}

/** Reading a named pipe would wait for ever, until somebody writes to it. */
async function readRegularFile(file: string): Promise<Buffer> {
  const status = await fs.stat(file);
  if (!status.isFile()) throw new Error("it is not a regular file");
  return fs.readFile(file);
}

/** Checks format and size from the first bytes, before anything is decoded, and returns the format. */
async function checkHeader(file: string, bytes: Buffer, maxPixels: number): Promise<string> {
  const { width, height, format } = await readHeader(bytes).catch((error) => {
    throw brokenImage(file, error);
  });
  if (!formats.has(format)) {
    throw brokenImage(file, new Error(`its content is ${format}, not JPEG, PNG or WebP`));
  }
  if (width * height > maxPixels) {
    throw new DataError(
      "ERR_IMAGE_TOO_LARGE",
      `${file} has ${width} x ${height} pixels, more than the limit of ${maxPixels}. Remove it, or raise maxPixels if you trust it.`,
      file,
    );
  }
  return format;
}

/** Asynchronous as a whole: sharp's constructor already throws for an empty file. */
async function readHeader(bytes: Buffer): Promise<Metadata> {
  return sharp(bytes, { limitInputPixels: false }).metadata();
}

function brokenImage(file: string, cause: unknown): DataError {
  const reason = cause instanceof Error ? cause.message.trim() : String(cause);
  return new DataError(
    "ERR_IMAGE_BROKEN",
    `${file} cannot be read as a picture: ${reason}. Repair it or remove it from the folder.`,
    file,
    { cause },
  );
}
