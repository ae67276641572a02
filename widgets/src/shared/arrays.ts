import { WidgetError } from "./errors.js";

/** `[batch, height, width, channels]` */
export type Shape = readonly [batch: number, height: number, width: number, channels: number];

/** Pictures, 0 to 255; one channel (grey) or three (sRGB). */
export interface Pictures {
  readonly data: Uint8Array;
  readonly shape: readonly number[];
}

/** Values of a latent space, `[batch, height, width, channels]`. */
export interface FloatArray {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/**
 * Checks that `array` is a batch `[batch, height, width, channels]` of the given element type and returns its shape.
 * Throws `WidgetError` with `ERR_WRONG_TYPE`, `ERR_SHAPE_MISMATCH` or `ERR_EMPTY`.
 */
export function checkBatch(
  name: string,
  array: Pictures | FloatArray,
  type: Uint8ArrayConstructor | Float32ArrayConstructor,
): Shape {
  const came = describe(array);
  if (!(array?.data instanceof type)) {
    throw new WidgetError("ERR_WRONG_TYPE", `${name}: expected { data: ${type.name}, shape }, got ${came}.`);
  }
  const [batch, height, width, channels] = array.shape ?? [];
  if (array.shape?.length !== 4 || ![batch, height, width, channels].every(isCount)) {
    throw new WidgetError(
      "ERR_SHAPE_MISMATCH",
      `${name}: expected a shape [batch, height, width, channels], got ${came}.`,
    );
  }
  const shape: Shape = [batch ?? 0, height ?? 0, width ?? 0, channels ?? 0];
  const size = shape[0] * shape[1] * shape[2] * shape[3];
  if (size !== array.data.length) {
    throw new WidgetError(
      "ERR_SHAPE_MISMATCH",
      `${name}: the shape [${shape.join(", ")}] holds ${size} values, but data has ${array.data.length}.`,
    );
  }
  if (size === 0) {
    throw new WidgetError(
      "ERR_EMPTY",
      `${name}: expected at least one value, got shape [${shape.join(", ")}].`,
    );
  }
  return shape;
}

/** As `checkBatch` for pictures, which must have one (grey) or three (sRGB) channels. */
export function checkPictures(name: string, pictures: Pictures): Shape {
  const shape = checkBatch(name, pictures, Uint8Array);
  if (shape[3] !== 1 && shape[3] !== 3) {
    throw new WidgetError(
      "ERR_SHAPE_MISMATCH",
      `${name}: pictures have 1 (grey) or 3 (sRGB) channels, got shape [${shape.join(", ")}].`,
    );
  }
  return shape;
}

/** Throws `ERR_SHAPE_MISMATCH` unless the two shapes are equal. */
export function checkSameShape(name: string, shape: Shape, otherName: string, other: Shape): void {
  if (shape.every((size, axis) => size === other[axis])) return;
  throw new WidgetError(
    "ERR_SHAPE_MISMATCH",
    `${name}: expected the shape of ${otherName}, [${other.join(", ")}], got [${shape.join(", ")}].`,
  );
}

/** Throws `ERR_SHAPE_MISMATCH` unless both hold the same number of pictures. */
export function checkSameBatch(name: string, shape: Shape, otherName: string, other: Shape): void {
  if (shape[0] === other[0]) return;
  throw new WidgetError(
    "ERR_SHAPE_MISMATCH",
    `${name}: expected one for each of the ${other[0]} ${otherName}, got ${shape[0]}.`,
  );
}

function isCount(value: number | undefined): boolean {
  return value !== undefined && Number.isInteger(value) && value >= 0;
}

function describe(array: { data?: unknown; shape?: readonly number[] } | null | undefined): string {
  if (array === null || array === undefined) return String(array);
  const type = (array.data as object | undefined)?.constructor?.name ?? typeof array.data;
  return `{ data: ${type}, shape: ${array.shape ? `[${[...array.shape].join(", ")}]` : "undefined"} }`;
}
