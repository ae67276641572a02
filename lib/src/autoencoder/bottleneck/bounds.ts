import * as tf from "@tensorflow/tfjs-core";
import { stopGradient } from "../../engine/index.js";
import { scaleToUnitRms } from "../../nn/rms-norm.js";
import { requireNumber } from "../../options.js";
import type { Bottleneck } from "./bottleneck.js";

/**
 * Bounds the latents smoothly: `limit * tanh(z / limit)`, close to `z` well within the limits. Ours: that formula is the
 * whole definition.
 *
 * @param limit latents stay in (-limit, limit)
 * @throws ConfigError for a limit that is not above 0
 */
export function scaledTanh(limit = 3): Bottleneck {
  requireNumber("limit", limit, 0, true);
  return {
    name: "scaledTanh",
    apply(passing) {
      const bent = tf.tanh(tf.div(passing.latents, limit));
      const latents: tf.Tensor4D = tf.mul(bent, limit);
      if (!passing.sigma) return { passing: { ...passing, latents } };
      const sigma: tf.Tensor4D = tf.mul(passing.sigma, tf.sub(1, tf.square(bent)));
      return { passing: { ...passing, latents, sigma, approximate: true } };
    },
  };
}

/**
 * Bounds the latents hard, with the gradient of no bound at all ("straight-through", Bengio et al. 2013,
 * arXiv:1308.3432): latents beyond the limit still learn to come back.
 *
 * @param limit latents stay in [-limit, limit]
 * @throws ConfigError for a limit that is not above 0
 */
export function clamp(limit = 3): Bottleneck {
  requireNumber("limit", limit, 0, true);
  return {
    name: "clamp",
    apply(passing) {
      const { latents: free } = passing;
      const cut = tf.sub(tf.clipByValue(free, -limit, limit), free);
      const latents: tf.Tensor4D = tf.add(free, stopGradient(cut));
      if (!passing.sigma) return { passing: { ...passing, latents } };
      const inside = tf.cast(tf.less(tf.abs(free), limit), "float32");
      const sigma: tf.Tensor4D = tf.mul(passing.sigma, inside);
      return { passing: { ...passing, latents, sigma, approximate: true } };
    },
  };
}

/**
 * Every position's latents on a sphere of radius `sqrt(channels)`: mean square 1 over the channels. (In place of a KL
 * penalty: GAE, Liu et al. 2026, arXiv:2603.10365.) With one channel only the sign is left.
 */
export function rmsNorm(): Bottleneck {
  return {
    name: "rmsNorm",
    apply(passing) {
      const latents = scaleToUnitRms(passing.latents);
      if (!passing.sigma) return { passing: { ...passing, latents } };
      // Without the part along the latents themselves, which the normalisation takes away.
      const meanSquare = tf.mean(tf.square(passing.latents), 3, true);
      const sigma: tf.Tensor4D = tf.mul(passing.sigma, tf.rsqrt(tf.add(meanSquare, 1e-6)));
      return { passing: { ...passing, latents, sigma, approximate: true } };
    },
  };
}
