import type { Autoencoder } from "../autoencoder/autoencoder.js";
import { DataError } from "../errors.js";
import type { ImageSet } from "./image-set.js";

/** Throws DataError `ERR_SHAPE_MISMATCH` unless the pictures have the size that the model was made for. */
export function requireMatchingImages(model: Autoencoder, images: ImageSet): void {
  const { imageSize, imageChannels } = model.config;
  const [height, width, channels] = images.shape;
  if (height !== imageSize || width !== imageSize || channels !== imageChannels) {
    throw new DataError(
      "ERR_SHAPE_MISMATCH",
      `The model takes pictures of ${imageSize} x ${imageSize} x ${imageChannels}, these are ${height} x ${width} x ${channels}. Load them with another size, or make the model with another imageSize.`,
    );
  }
}
