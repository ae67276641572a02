import type { FloatArray, Pictures } from "../data/image-set.js";
import { DataError } from "../errors.js";

/** Anything with one sample a row: features `[count, features]`, latents or pictures `[count, ...]`. */
export type Rows = FloatArray | Pictures;

/** Number of values that a shape holds. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/**
 * Throws unless the array has the axes, as many values as its shape says, and only finite ones.
 *
 * @param name what the array is, for the sentence
 * @param axes their names; "..." stands for any number of them
 * @throws DataError `ERR_SHAPE_MISMATCH` or `ERR_NOT_FINITE`
 */
export function requireFinite(name: string, { data, shape }: Rows, axes: readonly string[]): void {
  const fits = axes.includes("...") ? shape.length >= axes.length - 1 : shape.length === axes.length;
  if (!fits || sizeOf(shape) !== data.length) {
    throw new DataError(
      "ERR_SHAPE_MISMATCH",
      `${name}: shape [${axes.join(", ")}] is needed, with as many values; this is [${shape}] with ${data.length} values.`,
    );
  }
  let broken = 0;
  for (const value of data) if (!Number.isFinite(value)) broken += 1;
  if (broken === 0) return;
  throw new DataError(
    "ERR_NOT_FINITE",
    `${name}: ${broken} of ${data.length} values are NaN or infinite. Look for what made them; a number that left them out would mislead.`,
  );
}

/**
 * Checks two sets of samples (`requireFinite`), and that their samples have the same number of values, at least one.
 *
 * @returns that number
 */
export function requireSameSamples(names: [string, string], first: Rows, second: Rows): number {
  requireFinite(names[0], first, ["count", "..."]);
  requireFinite(names[1], second, ["count", "..."]);
  const [size, otherSize] = [sizeOf(first.shape.slice(1)), sizeOf(second.shape.slice(1))];
  if (size === otherSize && size > 0) return size;
  throw new DataError(
    "ERR_SHAPE_MISMATCH",
    `${names[0]} are [${first.shape}], ${names[1]} [${second.shape}]: samples need the same number of values, at least one.`,
  );
}

/** Throws DataError `ERR_SHAPE_MISMATCH` unless both hold pictures of the same shape, at least one. */
export function requireComparablePictures(original: Pictures, reconstruction: Pictures): void {
  if (original.shape.join() !== reconstruction.shape.join()) {
    throw new DataError(
      "ERR_SHAPE_MISMATCH",
      `Pictures of shape [${original.shape}] and [${reconstruction.shape}] cannot be compared; both need the same. \`pictures(images)\` makes pictures of an image set.`,
    );
  }
  const size = sizeOf(original.shape);
  if (size === 0) {
    throw new DataError(
      "ERR_SHAPE_MISMATCH",
      `Pictures of shape [${original.shape}] have nothing to compare; give at least one picture.`,
    );
  }
  if (original.data.length !== size || reconstruction.data.length !== size) {
    throw new DataError(
      "ERR_SHAPE_MISMATCH",
      `Pictures of shape [${original.shape}] need ${size} values; these have ${original.data.length} and ${reconstruction.data.length}. Select pictures with pictures(set, indices), which keeps data and shape together.`,
    );
  }
}
