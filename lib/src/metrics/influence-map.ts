import { setImmediate as nextTurn } from "node:timers/promises";
import * as tf from "@tensorflow/tfjs-core";
import { requireMatchingLatents } from "../autoencoder/apply.js";
import type { Codec } from "../autoencoder/codec.js";
import type { FloatArray } from "../data/image-set.js";
import { requireInteger, requireNumber } from "../options.js";
import { createRandom } from "../random.js";
import { channelSpread } from "./latent-spread.js";

export interface InfluenceOptions {
  /** Size of a perturbation, in standard deviations of each channel over `latents`. */
  size?: number;
  /** Cells round a position, along each axis, in which its influence counts as its own. */
  reach?: number;
  /** Positions perturbed at a time. */
  batchSize?: number;
  /** Decides the directions of the perturbations. */
  seed?: number;
}

/** What single latent positions do to the decoded picture; a cell is the f x f pixels that a position stands for. */
export interface InfluenceMap {
  /** Squared change of a whole picture when this position is perturbed, mean over the pictures; `[height, width]`. */
  energy: FloatArray;
  /** Share of that energy outside of the cells within reach, `[height, width]`: G_ij. */
  leakage: FloatArray;
  /** The energy by cell: `[height, width, cell rows, cell columns]`, perturbed position first. */
  response: FloatArray;
  /** Mean of `leakage`. */
  meanLeakage: number;
  /** Largest energy over the median one: far above 1 where few positions rule the picture. */
  spotScore: number;
}

/**
 * Perturbs each latent position by itself, all of its channels at once in a random direction, and measures where the
 * decoded picture changes. Ours: a measurement, after no paper; `InfluenceMap` defines its numbers.
 *
 * @param latents `[count, height, width, channels]`, as the encoder returns them; the decoder runs `count * height *
 *   width` times
 * @throws DataError `ERR_SHAPE_MISMATCH`, `ERR_NOT_FINITE`; ConfigError for an option out of range
 */
export async function influenceMap(
  model: Codec,
  latents: FloatArray,
  { size = 3, reach = 2, batchSize = 32, seed = 0 }: InfluenceOptions = {},
): Promise<InfluenceMap> {
  requireNumber("size", size, 0, true);
  requireInteger("reach", reach, 0);
  requireInteger("batchSize", batchSize, 1);
  const { count, height, width } = requireMatchingLatents(model, latents);
  const spread = channelSpread(latents);
  const positions = height * width;
  const channels = model.latentChannels;
  const random = createRandom(seed);
  const response = new Float64Array(positions * positions);
  for (let picture = 0; picture < count; picture++) {
    const values = latents.data.subarray(
      picture * positions * channels,
      (picture + 1) * positions * channels,
    );
    const base = tf.tidy(() => model.decode(tf.tensor4d(values, [1, height, width, channels])));
    try {
      for (let start = 0; start < positions; start += batchSize) {
        const batch = Math.min(batchSize, positions - start);
        const moved = new Float32Array(batch * values.length);
        for (let index = 0; index < batch; index++) {
          moved.set(values, index * values.length);
          const place = index * values.length + (start + index) * channels;
          const direction = unitDirection(random.fillNormal(new Float32Array(channels)));
          for (const [channel, part] of direction.entries())
            moved[place + channel] =
              (moved[place + channel] as number) + size * part * (spread[channel] as number);
        }
        const cells = tf.tidy(() => {
          const decoded = model.decode(tf.tensor4d(moved, [batch, height, width, channels]));
          return cellSums(tf.squaredDifference(decoded, base), model.downsampling);
        });
        const energies = await cells.data();
        cells.dispose();
        for (const [index, energy] of energies.entries()) {
          const place = start * positions + index;
          response[place] = (response[place] as number) + energy / count;
        }
        await nextTurn();
      }
    } finally {
      base.dispose();
    }
  }
  return summarise(response, height, width, reach);
}

/** Of mean square 1 over the channels. */
function unitDirection(direction: Float32Array): Float32Array {
  const meanSquare = direction.reduce((sum, part) => sum + part ** 2, 0) / direction.length;
  return direction.map((part) => part / Math.sqrt(meanSquare));
}

/** Sums over the f x f pixels and the channels of each cell: `[batch, rows, columns]`. */
function cellSums(squares: tf.Tensor4D, downsampling: number): tf.Tensor3D {
  const [batch, height, width, channels] = squares.shape;
  const [rows, columns] = [height / downsampling, width / downsampling];
  const cells = tf.reshape(squares, [batch, rows, downsampling, columns, downsampling * channels]);
  return tf.sum(cells, [2, 4]) as tf.Tensor3D;
}

function summarise(response: Float64Array, height: number, width: number, reach: number): InfluenceMap {
  const positions = height * width;
  const [energy, leakage] = [new Float32Array(positions), new Float32Array(positions)];
  for (let position = 0; position < positions; position++) {
    let [all, outside] = [0, 0];
    for (let cell = 0; cell < positions; cell++) {
      const value = response[position * positions + cell] as number;
      all += value;
      const rows = Math.abs(Math.floor(position / width) - Math.floor(cell / width));
      const columns = Math.abs((position % width) - (cell % width));
      if (rows > reach || columns > reach) outside += value;
    }
    energy[position] = all;
    leakage[position] = all > 0 ? outside / all : 0;
  }
  const sorted = energy.slice().sort();
  const median = ((sorted[(positions - 1) >> 1] as number) + (sorted[positions >> 1] as number)) / 2;
  return {
    energy: { data: energy, shape: [height, width] },
    leakage: { data: leakage, shape: [height, width] },
    response: { data: Float32Array.from(response), shape: [height, width, height, width] },
    meanLeakage: leakage.reduce((sum, share) => sum + share, 0) / positions,
    spotScore: (sorted.at(-1) as number) / median,
  };
}
