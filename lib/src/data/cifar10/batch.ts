import { DataError } from "../../errors.js";

/** Height and width of the pictures, in pixels. */
export const cifarSize = 32;
const planeSize = cifarSize * cifarSize;
/** In bytes: a label, then the red, the green and the blue plane, each row by row. */
const recordSize = 1 + 3 * planeSize;

export const cifar10Classes = [
  "airplane",
  "automobile",
  "bird",
  "cat",
  "deer",
  "dog",
  "frog",
  "horse",
  "ship",
  "truck",
] as const;

/** How many pictures a batch of this length holds; throws DataError `ERR_DATASET_FORMAT` where it holds no whole number. */
export function countRecords(bytes: Uint8Array, file: string): number {
  if (bytes.length === 0 || bytes.length % recordSize !== 0) {
    throw new DataError(
      "ERR_DATASET_FORMAT",
      `${file} has ${bytes.length} bytes, which is no whole number of records of ${recordSize} bytes. It was copied in part, or it is no batch of the binary version of CIFAR-10; get it again.`,
      file,
    );
  }
  return bytes.length / recordSize;
}

/**
 * Unpacks a batch in the binary format of CIFAR-10 (Krizhevsky 2009).
 *
 * @param pixels receives `[count, 32, 32, 3]` from its start
 * @param labels receives the classes from its start
 * @throws DataError `ERR_DATASET_FORMAT` for a wrong length or a label above 9
 */
export function unpackBatch(bytes: Uint8Array, file: string, pixels: Uint8Array, labels: Uint8Array): void {
  const count = countRecords(bytes, file);
  for (let record = 0; record < count; record++) {
    const start = record * recordSize;
    const label = bytes[start] as number;
    if (label >= cifar10Classes.length) {
      throw new DataError(
        "ERR_DATASET_FORMAT",
        `Picture ${record} of ${file} has the label ${label}; CIFAR-10 has 0 to 9. The file is damaged or another data set (CIFAR-100, for example).`,
        file,
      );
    }
    labels[record] = label;
    for (let pixel = 0; pixel < planeSize; pixel++) {
      const target = (record * planeSize + pixel) * 3;
      const source = start + 1 + pixel;
      pixels[target] = bytes[source] as number;
      pixels[target + 1] = bytes[source + planeSize] as number;
      pixels[target + 2] = bytes[source + 2 * planeSize] as number;
    }
  }
}
