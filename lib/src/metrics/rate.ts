import type { EncodedImages } from "../autoencoder/apply.js";

/**
 * What the latents of a picture cost: the KL divergence from their posterior to N(0, 1) in nats, summed over a picture's
 * latents, mean over the pictures (Kingma and Welling 2014, arXiv:1312.6114, appendix B).
 */
export function klRate({ mean, sigma }: EncodedImages): number {
  let total = 0;
  for (let index = 0; index < mean.data.length; index++) {
    const variance = (sigma.data[index] as number) ** 2;
    total += ((mean.data[index] as number) ** 2 + variance - 1 - Math.log(variance)) / 2;
  }
  return total / (mean.shape[0] ?? 1);
}
