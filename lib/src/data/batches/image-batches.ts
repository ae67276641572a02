import { ConfigError, DataError } from "../../errors.js";
import { requireInteger } from "../../options.js";
import type { ImageSet } from "../image-set.js";
import { type Augmentation, createAugmenter } from "./augment.js";
import { createSampler } from "./sampler.js";
import { type ImageSource, readEach, sourceOf } from "./source.js";

export interface BatchOptions extends Augmentation {
  /** Pictures in a batch. */
  batchSize?: number;
  /** Decides order, crops and flips. */
  seed?: number;
  /** Batches that are made ahead of the one in use: the most memory that waits, and the longest delay that is hidden. */
  prefetch?: number;
}

/** A batch is a set of pictures like any other: `toTensor(batch)` puts it on the engine. */
export interface ImageBatch extends ImageSet {
  step: number;
  /** How often all pictures had been used when the batch began. */
  epoch: number;
  /** Where the pictures are in the source. */
  indices: Uint32Array;
}

/** Endless batches. */
export interface ImageBatches {
  /** The batch of a step, counted from 0: the same whenever and however often it is asked for. */
  batchAt(step: number): Promise<ImageBatch>;
  /**
   * All batches from `step` on, made ahead in the background. Leaving the loop, or aborting the signal, ends that.
   *
   * @throws the error of the batch whose turn it is; the signal's reason once it is aborted
   */
  from(step?: number, options?: { signal?: AbortSignal }): AsyncGenerator<ImageBatch, void, undefined>;
  /** What decides the batches besides the pictures' contents: a training is not resumed with others. */
  describe(): Readonly<Record<string, string | number | boolean>>;
}

/**
 * Batches in a random order that is a function of `seed` and step alone: a run that is resumed at step n gets exactly the
 * batches that it would have got without the break. All pictures come once, then all again in another order.
 *
 * @param images in memory, or a source such as `openImageFolder`
 * @throws ConfigError for an option out of range, DataError `ERR_SHAPE_MISMATCH` without pictures
 */
export function imageBatches(images: ImageSet | ImageSource, options: BatchOptions = {}): ImageBatches {
  const { batchSize = 16, seed = 0, prefetch = 2, flip = false } = options;
  const source = sourceOf(images);
  const [height, width, channels] = source.shape;
  requireInteger("batchSize", batchSize, 1);
  requireInteger("seed", seed, 0);
  requireInteger("prefetch", prefetch, 1);
  const crop = requireCrop(options.crop, height, width);
  const shape = [crop.height, crop.width, channels] as const;
  const pictureSize = crop.height * crop.width * channels;
  const augment = createAugmenter(source.shape, shape, flip, seed);
  const sampler = createSampler(source.count, batchSize, seed);

  const batchAt = async (step: number): Promise<ImageBatch> => {
    requireInteger("step", step, 0);
    const { indices, firstPlace, epoch } = sampler.at(step);
    const pixels = new Uint8Array(batchSize * pictureSize);
    await readEach(source, indices, (picture, slot) => {
      const target = pixels.subarray(slot * pictureSize, (slot + 1) * pictureSize);
      augment(picture, target, firstPlace + slot);
    });
    return {
      step,
      epoch,
      indices,
      count: batchSize,
      shape,
      pixels,
      ...pick(source, images, indices),
    };
  };

  async function* from(step = 0, { signal }: { signal?: AbortSignal } = {}) {
    requireInteger("step", step, 0);
    const queue: Promise<ImageBatch>[] = [];
    let next = step;
    const refill = () => {
      while (queue.length < prefetch) {
        const batch = batchAt(next++);
        batch.catch(() => {}); // it is reported when its turn comes, if it does
        queue.push(batch);
      }
    };
    for (;;) {
      signal?.throwIfAborted();
      refill();
      const batch = await queue.shift();
      signal?.throwIfAborted();
      refill();
      yield batch as ImageBatch;
    }
  }

  const describe = () => {
    const pictures = source.shape.join(" x ");
    return { count: source.count, pictures, batchSize, seed, crop: shape.slice(0, 2).join(" x "), flip };
  };
  return { batchAt, from, describe };
}

function requireCrop(crop: number | undefined, height: number, width: number) {
  if (crop === undefined) return { height, width };
  requireInteger("crop", crop, 1);
  if (crop <= Math.min(height, width)) return { height: crop, width: crop };
  throw new ConfigError(
    "ERR_OPTION_OUT_OF_RANGE",
    `crop has to be at most the pictures' ${Math.min(height, width)} pixels, not ${crop}.`,
  );
}

/** What else is known of the pictures of a batch. */
function pick(source: ImageSource, images: ImageSet | ImageSource, indices: Uint32Array): Partial<ImageSet> {
  const { labels, files } = source;
  const order = Array.from(indices);
  const factors = "factors" in images ? images.factors : undefined;
  const known = <Item>(items: ArrayLike<Item>, index: number): Item => {
    if (index < items.length) return items[index] as Item;
    throw new DataError(
      "ERR_SHAPE_MISMATCH",
      `There are ${items.length} labels, files or factors for more pictures.`,
    );
  };
  return {
    ...(labels && { labels: Uint8Array.from(order, (index) => known(labels, index)) }),
    ...(files && { files: order.map((index) => known(files, index)) }),
    ...(factors && { factors: order.map((index) => known(factors, index)) }),
  };
}
