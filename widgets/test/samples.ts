import type { FloatArray, LatentStatistics, Pictures } from "../src/index.js";
import { normalDraw } from "../src/perturbation-slider/perturb.js";

/**
 * A small linear autoencoder, exact enough to be recognised: latents are the pictures' 4 x 4 block means in four
 * fixed mixtures, the decoder is their inverse. Real numbers without a training run.
 */
const factor = 4;
const mixing = [
  [0.9, 0.5, 0.2],
  [-0.6, 0.8, 0.1],
  [0.3, -0.4, 1.1],
  [0.5, 0.5, -0.7],
] as const;

/** Pictures of strokes and gradients, `[count, size, size, 3]`. */
export function samplePictures(count: number, size = 32): Pictures {
  const data = new Uint8Array(count * size * size * 3);
  for (let picture = 0; picture < count; picture++) {
    const noise = normalDraw(picture + 1, size * size);
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        const stroke = (row + (picture % 3) * column) % (8 + picture) < 4;
        const start = 3 * ((picture * size + row) * size + column);
        const grain = 8 * (noise[row * size + column] ?? 0);
        data[start] = clampByte((stroke ? 210 : 40) + grain);
        data[start + 1] = clampByte((255 * row) / size + grain);
        data[start + 2] = clampByte((255 * ((column + 5 * picture) % size)) / size + grain);
      }
    }
  }
  return { data, shape: [count, size, size, 3] };
}

/** `[n, size, size, 3]` to `[n, size / 4, size / 4, 4]`, values of about unit variance. */
export function encode({ data, shape }: Pictures): FloatArray {
  const [count, height, width] = shape as [number, number, number];
  const [rows, columns] = [height / factor, width / factor];
  const latents = new Float32Array(count * rows * columns * 4);
  forEachBlock(count, rows, columns, (picture, row, column) => {
    const means = [0, 0, 0];
    for (let pixel = 0; pixel < factor * factor; pixel++) {
      const y = row * factor + Math.floor(pixel / factor);
      const x = column * factor + (pixel % factor);
      const start = 3 * ((picture * height + y) * width + x);
      for (let colour = 0; colour < 3; colour++) {
        means[colour] = (means[colour] ?? 0) + ((data[start + colour] ?? 0) / 127.5 - 1) / factor ** 2;
      }
    }
    mixing.forEach((weights, channel) => {
      const value = weights.reduce((sum, weight, colour) => sum + weight * (means[colour] ?? 0), 0);
      latents[4 * ((picture * rows + row) * columns + column) + channel] = 1.7 * value;
    });
  });
  return { data: latents, shape: [count, rows, columns, 4] };
}

/** The transposed mixture, blocks filled evenly: a lossy decoder. */
export async function decode({ data, shape }: FloatArray): Promise<Pictures> {
  const [count, rows, columns] = shape as [number, number, number];
  const [height, width] = [rows * factor, columns * factor];
  const pictures = new Uint8Array(count * height * width * 3);
  await new Promise((resolve) => setTimeout(resolve, 5));
  forEachBlock(count, rows, columns, (picture, row, column) => {
    const start = 4 * ((picture * rows + row) * columns + column);
    for (let colour = 0; colour < 3; colour++) {
      const value = mixing.reduce(
        (sum, weights, channel) => sum + (weights[colour] ?? 0) * (data[start + channel] ?? 0),
        0,
      );
      for (let pixel = 0; pixel < factor * factor; pixel++) {
        const y = row * factor + Math.floor(pixel / factor);
        const x = column * factor + (pixel % factor);
        pictures[3 * ((picture * height + y) * width + x) + colour] = clampByte((value / 2.6 + 1) * 127.5);
      }
    }
  });
  return { data: pictures, shape: [count, height, width, 3] };
}

/** Statistics of latents with a histogram from -8 to 8 in bins of 0.05. */
export function statisticsOf({ data, shape }: FloatArray, scale = 1): LatentStatistics {
  const channels = shape[3] ?? 1;
  const edges = Float64Array.from({ length: 321 }, (_, index) => -8 + 0.05 * index);
  const ofChannel = (channel: number) => {
    const values = data.filter((_, index) => index % channels === channel).map((value) => value * scale);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const std = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    const counts = new Uint32Array(320);
    for (const value of values) {
      const bin = Math.min(319, Math.max(0, Math.floor((value + 8) / 0.05)));
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
    const outside = values.filter((value) => Math.abs(value) > 1).length / values.length;
    return { mean, std, outside, scaleFactor: 1 / std, counts };
  };
  const all = data.map((value) => value * scale);
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  const std = Math.sqrt(all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / all.length);
  return {
    channels: Array.from({ length: channels }, (_, channel) => ofChannel(channel)),
    edges,
    flattened: { std, scaleFactor: 1 / std },
  };
}

function forEachBlock(
  count: number,
  rows: number,
  columns: number,
  visit: (picture: number, row: number, column: number) => void,
): void {
  for (let picture = 0; picture < count; picture++) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) visit(picture, row, column);
    }
  }
}

function clampByte(value: number): number {
  return Math.round(Math.min(255, Math.max(0, value)));
}
