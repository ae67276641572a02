import * as tf from "@tensorflow/tfjs-core";
import { DataError } from "../errors.js";
import { requireFinite } from "../metrics/check.js";
import { requireNumber } from "../options.js";
import { createRandom } from "../random.js";
import type { CardFactors } from "./cards.js";

/** Pictures in memory, 8 bits a channel, all of one size. */
export interface ImageSet {
  count: number;
  /** `[height, width, channels]` of every picture. */
  shape: readonly [height: number, width: number, channels: number];
  /** `[count, height, width, channels]`, row by row. */
  pixels: Uint8Array;
  /** What every card was made of, where the pictures are cards. */
  factors?: CardFactors[];
  /** Where every picture was read from, where they come from files. */
  files?: string[];
  /** Class of every picture, where they have classes: an index into `classNames`. */
  labels?: Uint8Array;
  classNames?: readonly string[];
}

/** 8-bit pictures to look at and to measure on. */
export interface Pictures {
  data: Uint8Array;
  shape: readonly [count: number, height: number, width: number, channels: number];
}

/** Floating point numbers with their shape: latents on the host, independent of any engine. */
export interface FloatArray {
  data: Float32Array;
  shape: readonly number[];
}

/** Number of values of one picture of the set. */
function sizeOf({ shape: [height, width, channels] }: ImageSet): number {
  return height * width * channels;
}

/**
 * The pictures at `indices` (default: all) as a set of their own.
 *
 * @throws DataError `ERR_INDEX_OUT_OF_RANGE` for an index that the set has not
 */
export function selectImages(set: ImageSet, indices: ArrayLike<number>): ImageSet {
  const order = Array.from(indices);
  return {
    count: order.length,
    shape: [...set.shape],
    pixels: gatherPixels(set, order),
    ...(set.factors && { factors: order.map((index) => set.factors?.[index] as CardFactors) }),
    ...(set.files && { files: order.map((index) => set.files?.[index] as string) }),
    ...(set.labels && { labels: Uint8Array.from(order, (index) => set.labels?.[index] as number) }),
    ...(set.classNames && { classNames: set.classNames }),
  };
}

/**
 * Divides a set at random.
 *
 * @param options.validation share of the pictures that is held out, in (0, 1); at least one picture lands on each side
 * @throws DataError `ERR_SHAPE_MISMATCH` where there are fewer than two pictures
 */
export function splitImages(
  set: ImageSet,
  { validation = 0.1, seed = 0 }: { validation?: number; seed?: number } = {},
): { train: ImageSet; validation: ImageSet } {
  requireNumber("validation", validation, 0, true);
  requireNumber("1 - validation", 1 - validation, 0, true);
  if (set.count < 2) {
    throw new DataError("ERR_SHAPE_MISMATCH", "A split needs at least two pictures.");
  }
  const order = createRandom(seed).shuffle(Uint32Array.from({ length: set.count }, (_, index) => index));
  const heldOut = Math.min(Math.max(Math.round(set.count * validation), 1), set.count - 1);
  return {
    // In the set's own order again, so that neighbouring files stay neighbours.
    train: selectImages(set, order.slice(heldOut).sort()),
    validation: selectImages(set, order.slice(0, heldOut).sort()),
  };
}

/**
 * The pictures at `indices` (default: all), 8 bits a channel.
 *
 * @returns `[count, height, width, channels]`, 0..255
 * @throws DataError `ERR_INDEX_OUT_OF_RANGE` for an index that the set has not
 */
export function pictures(set: ImageSet, indices?: ArrayLike<number>): Pictures {
  const count = indices?.length ?? set.count;
  const data = indices ? gatherPixels(set, Array.from(indices)) : set.pixels.slice();
  return { data, shape: [count, ...set.shape] };
}

/**
 * Pictures as a set, the way back of `pictures`: to encode what a model has drawn, for one. The bytes are shared.
 *
 * @param drawn `[count, height, width, channels]`, 0..255
 * @throws DataError `ERR_SHAPE_MISMATCH` for another number of axes or of bytes
 */
export function imageSet(drawn: Pictures): ImageSet {
  requireFinite("pictures", drawn, ["count", "height", "width", "channels"]);
  const [count, ...shape] = drawn.shape;
  return { count, shape, pixels: drawn.data };
}

/**
 * The pictures at `indices` (default: all) on the engine in use.
 *
 * @returns `[batch, height, width, channels]`, 0..255 mapped to [-1, 1]
 * @throws DataError `ERR_INDEX_OUT_OF_RANGE` for an index that the set has not
 */
export function toTensor(set: ImageSet, indices?: ArrayLike<number>): tf.Tensor4D {
  const { data, shape } = pictures(set, indices);
  const values = new Float32Array(data.length);
  for (let index = 0; index < data.length; index++) values[index] = (data[index] as number) / 127.5 - 1;
  return tf.tensor4d(values, [...shape]);
}

/** `[-1, 1]` to 0..255, rounded; what lies outside is clamped. */
export function toPixels(values: Float32Array): Uint8Array {
  const pixels = new Uint8ClampedArray(values.length); // rounds to the nearest and clamps
  for (let index = 0; index < values.length; index++) pixels[index] = ((values[index] as number) + 1) * 127.5;
  return new Uint8Array(pixels.buffer);
}

/**
 * Floats to pictures to look at and to measure on, for example what a sampler or `model.decode` has made, read to the
 * host.
 *
 * @param floats `[count, height, width, channels]`, [-1, 1] mapped to 0..255; what lies outside is clamped
 * @throws DataError `ERR_SHAPE_MISMATCH` for another number of axes or of values, `ERR_NOT_FINITE` for NaN and infinities
 */
export function toPictures(floats: FloatArray): Pictures {
  requireFinite("pictures", floats, ["count", "height", "width", "channels"]);
  const [count = 0, height = 0, width = 0, channels = 0] = floats.shape;
  return { data: toPixels(floats.data), shape: [count, height, width, channels] };
}

function gatherPixels(set: ImageSet, indices: number[]): Uint8Array {
  const size = sizeOf(set);
  const pixels = new Uint8Array(indices.length * size);
  for (const [position, index] of indices.entries()) {
    if (!Number.isInteger(index) || index < 0 || index >= set.count) {
      throw new DataError(
        "ERR_INDEX_OUT_OF_RANGE",
        `There is no picture ${index}: the set has ${set.count}, counted from 0.`,
      );
    }
    pixels.set(set.pixels.subarray(index * size, (index + 1) * size), position * size);
  }
  return pixels;
}
