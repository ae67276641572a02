import { croppingLeft, croppingTop, mirroring, numberAt } from "./sampler.js";

/** How pictures are varied; both are decided anew for every picture of every batch. */
export interface Augmentation {
  /** Height and width of a random crop. Default: the whole picture. */
  crop?: number;
  /** Whether every second picture, at random, is mirrored left to right. */
  flip?: boolean;
}

type Shape = readonly [height: number, width: number, channels: number];

/**
 * Prepares the copying of pictures with their variation, which is a function of `seed` and the picture's place in the
 * sequence of all batches. Order, crops and flips are independent of each other: none changes when another is switched on.
 *
 * @param sourceShape of the pictures; @param targetShape of the crops, with the same channels
 * @returns a function that fills `target` from `source`
 */
export function createAugmenter(
  [height, width, channels]: Shape,
  [cropHeight, cropWidth]: Shape,
  flip: boolean,
  seed: number,
): (source: Uint8Array, target: Uint8Array, place: number) => void {
  const rowSize = cropWidth * channels;
  return (source, target, place) => {
    const mirrored = flip && numberAt(seed, place, mirroring, 2) === 1;
    const top = numberAt(seed, place, croppingTop, height - cropHeight + 1);
    const left = numberAt(seed, place, croppingLeft, width - cropWidth + 1);
    for (let y = 0; y < cropHeight; y++) {
      const start = ((top + y) * width + left) * channels;
      if (mirrored) mirrorRow(source, start, target, y * rowSize, cropWidth, channels);
      else target.set(source.subarray(start, start + rowSize), y * rowSize);
    }
  };
}

function mirrorRow(
  source: Uint8Array,
  start: number,
  target: Uint8Array,
  place: number,
  width: number,
  channels: number,
): void {
  for (let x = 0; x < width; x++) {
    const from = start + (width - 1 - x) * channels;
    const to = place + x * channels;
    for (let channel = 0; channel < channels; channel++)
      target[to + channel] = source[from + channel] as number;
  }
}
