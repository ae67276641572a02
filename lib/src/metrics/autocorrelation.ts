import type { FloatArray } from "../data/image-set.js";
import { requireInteger } from "../options.js";
import { requireCount } from "../statistics/check.js";
import { requireFinite } from "./check.js";

export interface SpatialAutocorrelation {
  /** Correlation at lag 1, 2, ..., mean over the channels that vary. */
  mean: number[];
  /** `[channels][lags]`; NaN for constant channels. */
  perChannel: number[][];
}

/**
 * How alike neighbouring latent pixels are: the correlation of a latent with the one `lag` pixels to the right or below,
 * over all pictures and positions: `mean over pairs of (x - m)(y - m) / v`, with the channel's own mean m and variance v of
 * all pixels. 0 everywhere for white noise.
 *
 * @param latents `[count, height, width, channels]`
 * @param options.maxLag default 4 or the longer side less one, whichever is less
 * @throws DataError `ERR_TOO_FEW_SAMPLES`, `ERR_SHAPE_MISMATCH`, `ERR_NOT_FINITE`
 */
export function spatialAutocorrelation(
  latents: FloatArray,
  { maxLag }: { maxLag?: number } = {},
): SpatialAutocorrelation {
  requireFinite("latents", latents, ["count", "height", "width", "channels"]);
  const [count, height, width, channels] = latents.shape as [number, number, number, number];
  const longest = Math.max(height, width);
  const lags = maxLag ?? Math.min(4, longest - 1);
  requireCount("latents", count * channels, 1);
  requireCount("pixels on the latents' longer side", longest, 2);
  requireInteger("maxLag", lags, 1);
  requireCount("pixels on the latents' longer side", longest, lags + 1);
  const perChannel = Array.from({ length: channels }, (_, channel) => {
    const { mean, variance } = momentsOf(latents, channel);
    const centred = (picture: number, y: number, x: number) =>
      (latents.data[((picture * height + y) * width + x) * channels + channel] as number) - mean;
    return Array.from({ length: lags }, (_, before) => {
      const lag = before + 1;
      let [sum, pairs] = [0, 0];
      for (let picture = 0; picture < count; picture++) {
        for (let y = 0; y < height; y++) {
          for (let x = 0; x < width; x++) {
            const here = centred(picture, y, x);
            if (x + lag < width) {
              sum += here * centred(picture, y, x + lag);
              pairs += 1;
            }
            if (y + lag < height) {
              sum += here * centred(picture, y + lag, x);
              pairs += 1;
            }
          }
        }
      }
      return sum / pairs / variance;
    });
  });
  const varied = perChannel.filter((values) => values.every(Number.isFinite));
  const mean = Array.from(
    { length: lags },
    (_, lag) => varied.reduce((sum, values) => sum + (values[lag] as number), 0) / varied.length,
  );
  return { mean, perChannel };
}

function momentsOf({ data, shape }: FloatArray, channel: number): { mean: number; variance: number } {
  const channels = shape.at(-1) as number;
  const count = data.length / channels;
  let [mean, variance] = [0, 0];
  for (let index = channel; index < data.length; index += channels) mean += (data[index] as number) / count;
  for (let index = channel; index < data.length; index += channels)
    variance += ((data[index] as number) - mean) ** 2 / count;
  return { mean, variance };
}
