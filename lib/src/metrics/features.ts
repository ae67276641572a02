import { setImmediate as nextTurn } from "node:timers/promises";
import * as tf from "@tensorflow/tfjs-core";
import type { FloatArray, ImageSet, Pictures } from "../data/image-set.js";
import { DataError } from "../errors.js";
import { createRandomFeatures, type FeatureNetwork } from "../losses/feature-network.js";
import { requireInteger } from "../options.js";

/** Of the network that `features` makes for itself: numbers are comparable only where it is the same. */
const defaultWidths = [16, 32, 64];

export interface FeatureOptions {
  /** Default: random convolutions of widths 16, 32 and 64 with seed 0, for 224 features. */
  network?: FeatureNetwork;
  /** Pictures at a time: bounds the memory, not the result. */
  batchSize?: number;
}

/**
 * What `kid` and `frechetDistance` compare: mean and standard deviation over the positions of every channel of a
 * fixed network's maps. Random convolutions need no download and know nothing of natural pictures; distances by them
 * are comparable among each other, not with published FIDs. Print `floorOf` beside them.
 *
 * @param pictures of any size, 8 bits a channel
 * @returns `[count, 2 * sum of the network's widths]`
 * @throws DataError `ERR_SHAPE_MISMATCH` where the channels are not the network's, or there are no pictures
 */
export async function features(
  pictures: Pictures | ImageSet,
  { network, batchSize = 64 }: FeatureOptions = {},
): Promise<FloatArray> {
  requireInteger("batchSize", batchSize, 1);
  const { data, count, height, width, channels } = unpack(pictures);
  const own =
    network === undefined
      ? createRandomFeatures({ imageChannels: channels, widths: defaultWidths })
      : undefined;
  const used = network ?? (own as FeatureNetwork);
  try {
    if (channels !== used.imageChannels || count === 0 || data.length !== count * height * width * channels) {
      throw new DataError(
        "ERR_SHAPE_MISMATCH",
        `Features are of at least one picture with ${used.imageChannels} channels; these are [${count}, ${height}, ${width}, ${channels}] with ${data.length} values.`,
      );
    }
    const size = 2 * used.widths.reduce((sum, width) => sum + width, 0);
    const result = new Float32Array(count * size);
    const pictureSize = height * width * channels;
    for (let start = 0; start < count; start += batchSize) {
      const batch = Math.min(batchSize, count - start);
      const bytes = data.subarray(start * pictureSize, (start + batch) * pictureSize);
      const found = tf.tidy(() => {
        const values = tf.tensor4d(Float32Array.from(bytes), [batch, height, width, channels]);
        return summarise(used.maps(tf.sub(tf.div(values, 127.5), 1)));
      });
      result.set(await found.data(), start * size);
      found.dispose();
      await nextTurn();
    }
    return { data: result, shape: [count, size] };
  } finally {
    own?.dispose();
  }
}

/** `[batch, 2 * channels of all maps]`. */
function summarise(maps: tf.Tensor4D[]): tf.Tensor2D {
  const parts = maps.flatMap((map) => {
    const mean = tf.mean(map, [1, 2], true);
    const variance = tf.mean(tf.square(tf.sub(map, mean)), [1, 2]);
    return [tf.reshape(mean, variance.shape), tf.sqrt(variance)];
  });
  return tf.concat(parts, 1) as tf.Tensor2D;
}

function unpack(pictures: Pictures | ImageSet) {
  const { data, shape } =
    "pixels" in pictures
      ? { data: pictures.pixels, shape: [pictures.count, ...pictures.shape] as const }
      : pictures;
  const [count, height, width, channels] = shape;
  return { data, count, height, width, channels };
}
