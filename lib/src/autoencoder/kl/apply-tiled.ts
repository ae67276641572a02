import { type FloatArray, type Pictures, toPixels } from "../../data/image-set.js";
import { DataError } from "../../errors.js";
import type { EncodedImages } from "../apply.js";
import type { AutoencoderKL } from "./autoencoder-kl.js";
import { mapTiles, type TileGrid, type TilingOptions, tileGrids } from "./tiling.js";

/**
 * Encodes pictures of any size tile by tile, in the memory of one tile. Pictures no larger than a tile are encoded
 * whole. Tiles overlap and are blended linearly, with the numbers of diffusers' `AutoencoderKL.tiled_encode`; the
 * moments are blended, the variances' logarithms clamped to [-30, 20] afterwards.
 *
 * @param pictures `[count, height, width, inChannels]`, 0..255
 * @returns both `[count, height / f, width / f, latentChannels]`, rounded down
 * @throws DataError `ERR_SHAPE_MISMATCH`; ConfigError for tiles that do not fit the model
 */
export async function encodeTiled(
  model: AutoencoderKL,
  pictures: Pictures,
  options: TilingOptions = {},
): Promise<EncodedImages> {
  const { latentChannels } = model.config;
  const grid = tileGrids(model, options).encode;
  const moments = await mapBatch(
    pictures,
    model.config.inChannels,
    grid,
    (value) => value / 127.5 - 1,
    (tile) => model.encodeMoments(tile),
  );
  const shape = [...moments.shape.slice(0, 3), latentChannels];
  const size = moments.data.length / 2;
  const mean = { data: new Float32Array(size), shape };
  const sigma = { data: new Float32Array(size), shape: [...shape] };
  for (let index = 0; index < size; index++) {
    const from = index + Math.floor(index / latentChannels) * latentChannels;
    mean.data[index] = moments.data[from] as number;
    const logvar = Math.min(Math.max(moments.data[from + latentChannels] as number, -30), 20);
    sigma.data[index] = Math.exp(logvar / 2);
  }
  return { mean, sigma };
}

/**
 * Decodes latents of any size tile by tile, in the memory of one tile. Tiles overlap and are blended linearly, with the
 * numbers of diffusers' `AutoencoderKL.tiled_decode`.
 *
 * @param latents `[count, height, width, latentChannels]`
 * @returns `[count, height * f, width * f, outChannels]`
 * @throws DataError `ERR_SHAPE_MISMATCH`; ConfigError for tiles that do not fit the model
 */
export async function decodeTiled(
  model: AutoencoderKL,
  latents: FloatArray,
  options: TilingOptions = {},
): Promise<Pictures> {
  const { data, shape } = await decodeTiledToFloats(model, latents, options);
  return { data: toPixels(data), shape: shape as Pictures["shape"] };
}

/** `decodeTiled` with the decoder's own numbers, not clamped to [-1, 1]. */
export async function decodeTiledToFloats(
  model: AutoencoderKL,
  latents: FloatArray,
  options: TilingOptions = {},
): Promise<FloatArray> {
  const grid = tileGrids(model, options).decode;
  const keep = (value: number) => value;
  return mapBatch(latents, model.config.latentChannels, grid, keep, (tile) => model.decode(tile));
}

/** One picture of a batch after the other, each tile by tile. */
async function mapBatch(
  input: FloatArray | Pictures,
  channels: number,
  grid: TileGrid,
  convert: (value: number) => number,
  run: Parameters<typeof mapTiles>[3],
): Promise<FloatArray> {
  const [count = 0, height = 0, width = 0, given] = input.shape;
  const size = height * width * channels;
  if (input.shape.length !== 4 || given !== channels || count < 1 || input.data.length !== count * size) {
    throw new DataError(
      "ERR_SHAPE_MISMATCH",
      `The model takes [count, height, width, ${channels}], these are [${input.shape.join(", ")}] with ${input.data.length} values.`,
    );
  }
  const results: FloatArray[] = [];
  for (let index = 0; index < count; index++) {
    const picture = input.data.subarray(index * size, (index + 1) * size);
    const cut = cutterOf(picture, width, channels, convert);
    results.push(await mapTiles([height, width, channels], cut, grid, run));
  }
  const [first] = results as [FloatArray];
  const data = new Float32Array(count * first.data.length);
  for (const [index, result] of results.entries()) data.set(result.data, index * first.data.length);
  return { data, shape: [count, ...first.shape] };
}

/** Cuts parts out of one picture, converting each value. */
function cutterOf(
  data: Float32Array | Uint8Array,
  width: number,
  channels: number,
  convert: (value: number) => number,
) {
  return (top: number, left: number, tileHeight: number, tileWidth: number): Float32Array => {
    const values = new Float32Array(tileHeight * tileWidth * channels);
    let target = 0;
    for (let y = top; y < top + tileHeight; y++) {
      const start = (y * width + left) * channels;
      for (let offset = 0; offset < tileWidth * channels; offset++) {
        values[target++] = convert(data[start + offset] as number);
      }
    }
    return values;
  };
}
