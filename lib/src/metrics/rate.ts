import type { EncodedImages } from "../autoencoder/apply.js";
import { DataError } from "../errors.js";
import { requireCount } from "../statistics/check.js";
import { requireFinite } from "./check.js";

/**
 * What the latents of a picture cost: the KL divergence from their posterior to N(0, 1) in nats, summed over a picture's
 * latents, mean over the pictures (Kingma and Welling 2014, arXiv:1312.6114, appendix B).
 *
 * It is the divergence of the latents that the decoder gets. Where the bottleneck bends the means before it draws, as
 * `[scaledTanh(), kl()]` does, that is another number than the penalty of `kl()`, which is of the encoder's own means.
 * Where it bends latents after they were drawn, or draws with a random strength, they are not normal, and the formula
 * does not hold: what `encodeImages` has called `approximate` is refused.
 *
 * @param encoded mean and sigma, both `[count, ...]`, from `encodeImages`
 * @throws DataError `ERR_NOT_GAUSSIAN` for such latents; `ERR_NOT_FINITE` where a mean or a sigma is NaN or infinite, or
 *   a sigma not above 0: such a posterior has no finite divergence; `ERR_SHAPE_MISMATCH` where mean and sigma do not fit; `ERR_TOO_FEW_SAMPLES` without pictures
 */
export function klRate({ mean, sigma, approximate }: EncodedImages): number {
  if (approximate) {
    throw new DataError(
      "ERR_NOT_GAUSSIAN",
      "The bottleneck bends latents after they were drawn, or draws them with a random strength, so the KL divergence of their mean and sigma is not their rate. Take the penalty of kl() from the training, or measure a model that draws last and with one strength.",
    );
  }
  requireFinite("mean", mean, ["count", "..."]);
  requireFinite("sigma", sigma, ["count", "..."]);
  if (mean.shape.join() !== sigma.shape.join()) {
    throw new DataError(
      "ERR_SHAPE_MISMATCH",
      `mean is [${mean.shape}], sigma [${sigma.shape}]; both need the same.`,
    );
  }
  const count = mean.shape[0] as number;
  requireCount("pictures", count, 1);
  const collapsed = sigma.data.reduce((count, value) => count + (value > 0 ? 0 : 1), 0);
  if (collapsed > 0) {
    throw new DataError(
      "ERR_NOT_FINITE",
      `${collapsed} of ${sigma.data.length} sigmas are 0 or below, for which the rate is infinite. An autoencoder without a posterior has no rate.`,
    );
  }
  let total = 0;
  for (let index = 0; index < mean.data.length; index++) {
    const variance = (sigma.data[index] as number) ** 2;
    total += ((mean.data[index] as number) ** 2 + variance - 1 - Math.log(variance)) / 2;
  }
  return total / count;
}
