import type { FloatArray } from "../data/image-set.js";
import { requireCount } from "../statistics/check.js";
import { requireFinite } from "./check.js";

/**
 * Standard deviation of every channel over all pictures and positions: the unit of perturbations of latents.
 *
 * @param latents `[count, height, width, channels]`
 * @throws DataError `ERR_SHAPE_MISMATCH`, `ERR_NOT_FINITE`, `ERR_TOO_FEW_SAMPLES`
 */
export function channelSpread(latents: FloatArray): Float32Array {
  requireFinite("latents", latents, ["count", "height", "width", "channels"]);
  const channels = latents.shape[3] as number;
  const rows = latents.data.length / channels;
  requireCount("positions of latents", rows, 2);
  const [sums, squares] = [new Float64Array(channels), new Float64Array(channels)];
  for (const [index, value] of latents.data.entries()) {
    const channel = index % channels;
    sums[channel] = (sums[channel] as number) + value;
  }
  for (const [index, value] of latents.data.entries()) {
    const channel = index % channels;
    squares[channel] = (squares[channel] as number) + (value - (sums[channel] as number) / rows) ** 2;
  }
  return Float32Array.from(squares, (square) => Math.sqrt(square / rows));
}
