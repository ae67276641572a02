import type { Codec } from "../autoencoder/codec.js";
import { DataError } from "../errors.js";
import type { ImageSet } from "./image-set.js";

/** Throws DataError `ERR_SHAPE_MISMATCH` unless the model takes pictures of this size. */
export function requireMatchingImages(model: Codec, images: Pick<ImageSet, "shape">): void {
  const { imageSize, imageChannels, downsampling } = model;
  const [height, width, channels] = images.shape;
  const fits =
    imageSize === undefined
      ? height > 0 && width > 0 && height % downsampling === 0 && width % downsampling === 0
      : height === imageSize && width === imageSize;
  if (fits && channels === imageChannels) return;
  const wanted =
    imageSize === undefined
      ? `whose sides are multiples of ${downsampling}, with ${imageChannels} channels`
      : `of ${imageSize} x ${imageSize} x ${imageChannels}`;
  throw new DataError(
    "ERR_SHAPE_MISMATCH",
    `The model takes pictures ${wanted}, these are ${height} x ${width} x ${channels}. Load them with another size, or make the model with another imageSize.`,
  );
}
