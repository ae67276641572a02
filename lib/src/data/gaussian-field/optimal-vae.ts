import { requireInteger, requireNumber } from "../../options.js";

/** What the best linear VAE does to one eigendirection of the data's covariance; latents are `z = encoder x + noise`. */
export interface LinearVaeDirection {
  /** Variance of the data in this direction. */
  eigenvalue: number;
  /** Whether the direction has a latent dimension; it has none if `eigenvalue <= beta / 2`, or if latents ran out. */
  active: boolean;
  /** Mean of the latent for a unit of data. */
  encoder: number;
  /** Standard deviation of the posterior; 1, the prior's, where the latent has collapsed. */
  posteriorStd: number;
  /** Reconstruction for a unit of the latent. */
  decoder: number;
  /** KL divergence to N(0, 1) in nats: `1/2 ln(eigenvalue / (beta / 2))`. */
  kl: number;
  /** Squared error of the reconstruction from a sample of the posterior: `beta / 2`, or the eigenvalue. */
  squaredError: number;
  /** Squared error of the reconstruction from the posterior's mean: `(beta / 2)^2 / eigenvalue`, or the eigenvalue. */
  squaredErrorOfMean: number;
}

/** The optimum; sums are per picture. */
export interface LinearVaeOptimum {
  /** By falling eigenvalue. */
  directions: LinearVaeDirection[];
  /** Latent dimensions that carry something. */
  activeUnits: number;
  /** Nats a picture. */
  kl: number;
  squaredError: number;
  squaredErrorOfMean: number;
  /** `squaredError + beta kl`: no linear VAE has a smaller one. */
  loss: number;
}

/**
 * The linear VAE that minimises `E sum (x - x^)^2 + beta KL` on Gaussian data, in closed form.
 *
 * The loss divided by `beta` is the negative ELBO of probabilistic PCA with noise variance `s2 = beta / 2`, up to a
 * constant, and its optimum is that of Tipping and Bishop (1999, eq. 7): decoder `w^2 = eigenvalue - s2` along the
 * largest eigenvectors; see Lucas et al. 2019 (arXiv:1911.02469) for the linear VAE. Directions below the noise
 * collapse. In terms of rate and distortion this is reverse water-filling (Cover and Thomas, section 10.3.3).
 *
 * @param eigenvalues of the data's covariance, in any order: `field.spectrum`
 * @param options.beta weight of the KL divergence, above 0
 * @param options.latents latent dimensions; default: one for every eigenvalue
 * @throws ConfigError for an option out of range
 */
export function optimalLinearVae(
  eigenvalues: ArrayLike<number>,
  { beta, latents = eigenvalues.length }: { beta: number; latents?: number },
): LinearVaeOptimum {
  requireNumber("beta", beta, 0, true);
  requireInteger("latents", latents, 1);
  const sorted = Array.from(eigenvalues).sort((first, second) => second - first);
  const directions = sorted.map((eigenvalue, index) => {
    return index < latents ? optimalDirection(eigenvalue, beta / 2) : collapsed(eigenvalue);
  });
  const total = (name: "kl" | "squaredError" | "squaredErrorOfMean") => {
    return directions.reduce((sum, direction) => sum + direction[name], 0);
  };
  const kl = total("kl");
  const squaredError = total("squaredError");
  return {
    directions,
    activeUnits: directions.filter(({ active }) => active).length,
    kl,
    squaredError,
    squaredErrorOfMean: total("squaredErrorOfMean"),
    loss: squaredError + beta * kl,
  };
}

function optimalDirection(eigenvalue: number, noise: number): LinearVaeDirection {
  if (eigenvalue <= noise) return collapsed(eigenvalue);
  const decoder = Math.sqrt(eigenvalue - noise);
  return {
    eigenvalue,
    active: true,
    encoder: decoder / eigenvalue,
    posteriorStd: Math.sqrt(noise / eigenvalue),
    decoder,
    kl: Math.log(eigenvalue / noise) / 2,
    squaredError: noise,
    squaredErrorOfMean: noise ** 2 / eigenvalue,
  };
}

function collapsed(eigenvalue: number): LinearVaeDirection {
  return {
    eigenvalue,
    active: false,
    encoder: 0,
    posteriorStd: 1,
    decoder: 0,
    kl: 0,
    squaredError: eigenvalue,
    squaredErrorOfMean: eigenvalue,
  };
}
