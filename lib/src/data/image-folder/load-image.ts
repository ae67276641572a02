import fs from "node:fs/promises";
import sharp, { type Metadata } from "sharp";
import { ConfigError, DataError } from "../../errors.js";
import { requireInteger, requireNumber } from "../../options.js";
import { createRandom } from "../../random.js";
import { hasPngEnd } from "../png-end.js";

const formats = new Set(["jpeg", "png", "webp"]);

/** How a file becomes a picture. */
export interface DecodingOptions {
  /** Height and width of the pictures after cropping and scaling, in pixels. */
  size?: number;
  /** Which square is cut out of a picture that is none: the middle one, or one at a random place. */
  crop?: "centre" | "random";
  /** Decides the random crops, together with the name of the file and not with the other files. */
  seed?: number;
  /** What shows through transparent pictures, in CSS's notation. */
  background?: string;
  /** The largest picture that is decoded, in pixels. Small files can claim to be gigantic pictures. */
  maxPixels?: number;
}

export type Decoding = Required<DecodingOptions>;

/** The options with their defaults; throws ConfigError where one is out of range. */
export function requireDecoding(options: DecodingOptions): Decoding {
  const { size = 32, crop = "centre", seed = 0, background = "white", maxPixels = 50e6 } = options;
  requireInteger("size", size, 1);
  requireInteger("seed", seed, 0);
  requireNumber("maxPixels", maxPixels, 1);
  if (crop !== "centre" && crop !== "random") {
    throw new ConfigError("ERR_OPTION_OUT_OF_RANGE", `crop has to be "centre" or "random", not "${crop}".`);
  }
  try {
    sharp({ create: { width: 1, height: 1, channels: 3, background } });
  } catch (cause) {
    throw new ConfigError(
      "ERR_OPTION_OUT_OF_RANGE",
      `background has to be a colour such as "white" or "#808080", not ${JSON.stringify(background)}.`,
      { cause },
    );
  }
  return { size, crop, seed, background, maxPixels };
}

/**
 * Decodes one file: upright (EXIF), cropped to a square, scaled, laid on the background, 8-bit sRGB.
 *
 * @param name decides the random crop
 * @returns `[size, size, 3]`
 * @throws DataError `ERR_IMAGE_BROKEN`, `ERR_IMAGE_TOO_LARGE`, with the `file`
 */
export async function loadImage(file: string, name: string, decoding: Decoding): Promise<Uint8Array> {
  const { size, crop, background, maxPixels } = decoding;
  // Read here and not by libvips: that caches files by name and would not see one that was repaired meanwhile.
  const bytes = await readRegularFile(file).catch((error) => {
    throw brokenImage(file, error);
  });
  const { format, autoOrient, channels, depth } = await checkHeader(file, bytes, maxPixels);
  if (format === "png" && !hasPngEnd(bytes)) {
    throw brokenImage(file, new Error("its end is missing, as if it had been copied in part"));
  }
  try {
    const picture = sharp(bytes, { failOn: "warning", limitInputPixels: maxPixels, autoOrient: true });
    // Grey with transparency: a background with a colour needs channels to be laid on.
    if (channels === 2) picture.pipelineColourspace(depth === "ushort" ? "rgb16" : "srgb");
    if (crop === "random") picture.extract(randomSquare(autoOrient, name, decoding.seed));
    return await picture
      .resize(size, size, { fit: "cover", position: "centre" })
      .flatten({ background })
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer();
  } catch (error) {
    throw brokenImage(file, error);
  }
}

/** The largest square that fits, at a random place. */
function randomSquare({ width, height }: { width: number; height: number }, name: string, seed: number) {
  const random = createRandom(hashText(`${seed}/${name}`));
  const side = Math.min(width, height);
  return {
    left: random.integer(0, width - side),
    top: random.integer(0, height - side),
    width: side,
    height: side,
  };
}

/** FNV-1a over the UTF-16 units of a text, 32 bits. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

/** Reading a named pipe would wait for ever, until somebody writes to it. */
async function readRegularFile(file: string): Promise<Buffer> {
  const status = await fs.stat(file);
  if (!status.isFile()) throw new Error("it is not a regular file");
  return fs.readFile(file);
}

/** Checks format and size from the first bytes, before anything is decoded. */
async function checkHeader(file: string, bytes: Buffer, maxPixels: number): Promise<Metadata> {
  const metadata = await readHeader(bytes).catch((error) => {
    throw brokenImage(file, error);
  });
  const { width, height, format } = metadata;
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
  return metadata;
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
