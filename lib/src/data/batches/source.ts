import path from "node:path";
import { DataError } from "../../errors.js";
import { requirePath } from "../../options.js";
import { findImages } from "../image-folder/find-images.js";
import { type DecodingOptions, loadImage, requireDecoding } from "../image-folder/load-image.js";
import type { ImageSet } from "../image-set.js";
import { runBounded } from "../run-bounded.js";

/** Pictures of one size that are fetched one by one, for sets that do not fit into memory. */
export interface ImageSource {
  count: number;
  /** `[height, width, channels]` of every picture. */
  shape: readonly [height: number, width: number, channels: number];
  /** One picture, `[height, width, channels]`. Has to give the same bytes every time. */
  read(index: number): Promise<Uint8Array> | Uint8Array;
  files?: string[];
  labels?: Uint8Array;
}

/**
 * The pictures of a folder, decoded whenever they are asked for. Files are found as by `imageFolder`, but not looked into:
 * a broken one is an error in the batch that needs it. `imageFolder` with the same options finds them beforehand.
 *
 * @throws ConfigError, and DataError `ERR_FOLDER_NOT_FOUND`, `ERR_FOLDER_NOT_A_FOLDER`, `ERR_FOLDER_EMPTY`
 */
export async function openImageFolder(folder: string, options: DecodingOptions = {}): Promise<ImageSource> {
  requirePath("folder", folder);
  const decoding = requireDecoding(options);
  const files = await findImages(folder);
  return {
    count: files.length,
    shape: [decoding.size, decoding.size, 3],
    files,
    read: (index) => {
      const file = files[index] as string;
      return loadImage(file, path.relative(folder, file), decoding);
    },
  };
}

/**
 * Pictures in memory as a source.
 *
 * @throws DataError `ERR_SHAPE_MISMATCH` without pictures, or with too many or too few bytes
 */
export function sourceOf(images: ImageSet | ImageSource): ImageSource {
  const [height, width, channels] = images.shape;
  const size = height * width * channels;
  if (images.count < 1)
    throw new DataError("ERR_SHAPE_MISMATCH", "There are no pictures; give at least one.");
  if ("read" in images) return images;
  const { count, shape, pixels, labels, files } = images;
  if (pixels.length !== count * size) {
    throw new DataError(
      "ERR_SHAPE_MISMATCH",
      `${count} pictures of ${height} x ${width} x ${channels} need ${count * size} bytes; these have ${pixels.length}.`,
    );
  }
  return {
    count,
    shape,
    read: (index) => pixels.subarray(index * size, (index + 1) * size),
    ...(labels && { labels }),
    ...(files && { files }),
  };
}

/** Pictures that are read at the same time. */
const concurrency = 8;

/**
 * Reads some pictures of a source and hands each on, in any order.
 *
 * @param take gets a picture's bytes and its place among `indices`
 * @throws DataError `ERR_SHAPE_MISMATCH` for a picture of another size than the source says, and what reading throws
 */
export async function readEach(
  { shape, read }: ImageSource,
  indices: ArrayLike<number>,
  take: (picture: Uint8Array, place: number) => void,
): Promise<void> {
  const size = shape[0] * shape[1] * shape[2];
  await runBounded(indices.length, concurrency, async (place) => {
    const index = indices[place] as number;
    const picture = await read(index);
    if (picture.length === size) return take(picture, place);
    throw new DataError(
      "ERR_SHAPE_MISMATCH",
      `Picture ${index} of the source has ${picture.length} bytes where ${shape.join(" x ")} need ${size}. Its read has to return pictures of the size that its shape says.`,
    );
  });
}
