import { setImmediate as nextTurn } from "node:timers/promises";
import * as tf from "@tensorflow/tfjs-core";
import type { FloatArray } from "../../data/image-set.js";
import { ConfigError, DataError } from "../../errors.js";
import { requireInteger } from "../../options.js";
import type { AutoencoderKL } from "./autoencoder-kl.js";

export interface TilingOptions {
  /** Height and width of a tile in pixels. Default: the size of the pictures that the model was trained on. */
  tileSize?: number;
  /** Share of a tile that it has in common with its neighbour, in [0, 0.5]. */
  overlap?: number;
}

/** Lengths along one side, in units of the input (`size`, `step`) and of the result (`keep`, `blend`). */
export interface TileGrid {
  /** Of a tile. */
  size: number;
  /** From the beginning of one tile to that of the next. */
  step: number;
  /** What of a tile's result goes to the whole result: the rest is the next tile's. */
  keep: number;
  /** At the beginning of a tile's result: where it passes over from the tile before. */
  blend: number;
}

/** A tile's result, `[height, width, channels]`. */
interface Tile {
  data: Float32Array;
  height: number;
  width: number;
}

/**
 * How a picture is cut: diffusers' numbers (`AutoencoderKL._tiled_encode` and `tiled_decode`).
 *
 * @throws ConfigError where tiles and latent positions do not meet
 */
export function tileGrids({ config, downsampling }: AutoencoderKL, options: TilingOptions) {
  const { tileSize = config.sampleSize, overlap = 0.25 } = options;
  requireInteger("tileSize", tileSize, downsampling);
  if (!(overlap >= 0 && overlap <= 0.5)) {
    throw new ConfigError("ERR_OPTION_OUT_OF_RANGE", `overlap has to be in [0, 0.5], not ${overlap}.`);
  }
  const positions = tileSize / downsampling;
  const shared = positions * overlap;
  if (!Number.isInteger(positions) || !Number.isInteger(shared)) {
    const message = `tileSize (${tileSize}) has to be a multiple of ${downsampling}, and overlap (${overlap}) a whole number of its ${positions} latent positions.`;
    throw new ConfigError("ERR_OPTION_OUT_OF_RANGE", message);
  }
  const fine = { size: tileSize, step: tileSize - shared * downsampling };
  const coarse = { size: positions, step: positions - shared };
  return {
    encode: { ...fine, keep: coarse.step, blend: shared } satisfies TileGrid,
    decode: { ...coarse, keep: fine.step, blend: shared * downsampling } satisfies TileGrid,
  };
}

/**
 * Applies `run` to overlapping tiles, one after another, and blends their results linearly: the memory that the engine
 * needs is that of one tile. Not the same as the whole in one piece: every tile has its own group statistics.
 *
 * @param shape `[height, width, channels]` of the input
 * @param cut gives a part of the input, `[height, width, channels]`
 */
export async function mapTiles(
  [height, width, channels]: readonly [number, number, number],
  cut: (top: number, left: number, height: number, width: number) => Float32Array,
  tiles: TileGrid,
  run: (tile: tf.Tensor4D) => tf.Tensor4D,
): Promise<FloatArray> {
  const scale = tiles.keep / tiles.step;
  const minimum = Math.max(1, 1 / scale); // what is smaller than one latent position has no result
  const fitsInOne = height <= tiles.size && width <= tiles.size;
  const grid = fitsInOne ? { ...tiles, step: tiles.size, keep: tiles.size * scale } : tiles;
  const resultHeight = Math.floor(height * scale);
  const resultWidth = Math.floor(width * scale);
  let result: FloatArray | undefined;
  let above: Tile[] = [];
  for (let top = 0, row = 0; height - top >= minimum; top += grid.step, row++) {
    const current: Tile[] = [];
    for (let left = 0, column = 0; width - left >= minimum; left += grid.step, column++) {
      const tileHeight = Math.min(grid.size, height - top);
      const tileWidth = Math.min(grid.size, width - left);
      const values = cut(top, left, tileHeight, tileWidth);
      const output = tf.tidy(() => run(tf.tensor4d(values, [1, tileHeight, tileWidth, channels])));
      const outputChannels = output.shape[3];
      const tile = await readTile(output);
      const upper = above[column];
      const before = current[column - 1];
      if (upper) blendRows(upper, tile, grid.blend, outputChannels);
      if (before) blendColumns(before, tile, grid.blend, outputChannels);
      current.push(tile);
      result ??= {
        data: new Float32Array(resultHeight * resultWidth * outputChannels),
        shape: [resultHeight, resultWidth, outputChannels],
      };
      place(tile, result, row * grid.keep, column * grid.keep, grid.keep);
      await nextTurn();
    }
    above = current;
  }
  if (result) return result;
  throw new DataError("ERR_SHAPE_MISMATCH", `${height} x ${width} is smaller than one latent position.`);
}

async function readTile(output: tf.Tensor4D): Promise<Tile> {
  const [, height, width] = output.shape;
  try {
    return { data: (await output.data()) as Float32Array, height, width };
  } finally {
    output.dispose();
  }
}

/** diffusers' `blend_v`: the first rows of `tile` pass over from the last rows of the tile above it. */
function blendRows(above: Tile, tile: Tile, extent: number, channels: number): void {
  const rows = Math.min(above.height, tile.height, extent);
  const length = tile.width * channels;
  for (let y = 0; y < rows; y++) {
    const share = y / rows;
    const from = (above.height - rows + y) * length;
    for (let index = 0; index < length; index++) {
      mix(tile.data, y * length + index, above.data[from + index] as number, share);
    }
  }
}

/** diffusers' `blend_h`: the same with columns, from the tile on the left. */
function blendColumns(before: Tile, tile: Tile, extent: number, channels: number): void {
  const columns = Math.min(before.width, tile.width, extent);
  for (let y = 0; y < tile.height; y++) {
    for (let x = 0; x < columns; x++) {
      const share = x / columns;
      const from = (y * before.width + before.width - columns + x) * channels;
      const to = (y * tile.width + x) * channels;
      for (let channel = 0; channel < channels; channel++) {
        mix(tile.data, to + channel, before.data[from + channel] as number, share);
      }
    }
  }
}

/** The value at `index` becomes `share` of itself and the rest of `other`. */
function mix(values: Float32Array, index: number, other: number, share: number): void {
  values[index] = other * (1 - share) + (values[index] as number) * share;
}

/** Copies at most `keep` rows and columns of the tile to the result. */
function place(tile: Tile, result: FloatArray, top: number, left: number, keep: number): void {
  const [resultHeight = 0, resultWidth = 0, channels = 0] = result.shape;
  const rows = Math.min(keep, tile.height, resultHeight - top);
  const columns = Math.min(keep, tile.width, resultWidth - left);
  for (let y = 0; y < rows; y++) {
    const start = y * tile.width * channels;
    const row = tile.data.subarray(start, start + Math.max(columns, 0) * channels);
    result.data.set(row, ((top + y) * resultWidth + left) * channels);
  }
}
