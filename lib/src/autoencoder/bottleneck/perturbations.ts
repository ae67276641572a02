import * as tf from "@tensorflow/tfjs-core";
import type { Noise } from "../../noise.js";
import { requireInteger, requireNumber } from "../../options.js";
import type { Bottleneck } from "./bottleneck.js";
import { shiftPositions } from "./shift.js";

/** A stage that changes the latents in training only. */
function perturbation(
  name: string,
  perturb: (latents: tf.Tensor4D, noise: Noise) => tf.Tensor4D,
): Bottleneck {
  return {
    name,
    apply(passing, { noise, training }) {
      if (!training || !noise) return { passing };
      return { passing: { ...passing, latents: perturb(passing.latents, noise) } };
    },
  };
}

const perPicture = (latents: tf.Tensor4D): tf.Tensor4D["shape"] => [latents.shape[0], 1, 1, 1];

/**
 * Adds Gaussian noise: `z + s * eps`.
 *
 * @param options.gaussian standard deviation `s`
 * @param options.random each picture has its own, uniform in [0, gaussian), as for the decoders of representation
 *   autoencoders (Zheng et al. 2025, arXiv:2510.11690); `false` by default
 * @throws ConfigError for a deviation below 0
 */
export function noise({ gaussian, random = false }: { gaussian: number; random?: boolean }): Bottleneck {
  requireNumber("gaussian", gaussian, 0);
  return perturbation("noise", (latents, source) => {
    const strength = random ? tf.mul(source.uniform(perPicture(latents)), gaussian) : tf.scalar(gaussian);
    return tf.add(latents, tf.mul(strength, source.normal(latents.shape)));
  });
}

/**
 * Fades the latents into noise: `(1 - t) z + t * gamma * eps`, with a `t` of its own for each picture, uniform in
 * [0, longest) (l-DeTok: Yang et al. 2025, arXiv:2507.15856).
 *
 * @param options.gamma standard deviation of the noise that is all there is at t = 1; 3 in that paper
 * @throws ConfigError for an option out of range
 */
export function interpolate({
  gamma = 3,
  longest = 1,
}: {
  gamma?: number;
  longest?: number;
} = {}): Bottleneck {
  requireNumber("gamma", gamma, 0, true);
  requireNumber("longest", longest, 0, true);
  requireNumber("1 - longest", 1 - longest, 0);
  return perturbation("interpolate", (latents, source) => {
    const time = tf.mul(source.uniform(perPicture(latents)), longest);
    const eps = tf.mul(source.normal(latents.shape), gamma);
    return tf.add(tf.mul(tf.sub(1, time), latents), tf.mul(time, eps));
  });
}

/**
 * Sets whole positions to zero, all channels of each. Ours: dropout (Srivastava et al. 2014, Journal of Machine Learning
 * Research 15) of positions instead of single numbers, without its rescaling of those that stay.
 *
 * @param options.share probability of each position
 * @param options.random each picture has its own, uniform in [0, share); `false` by default
 * @throws ConfigError for a share out of [0, 1]
 */
export function dropPositions({ share, random = false }: { share: number; random?: boolean }): Bottleneck {
  requireNumber("share", share, 0);
  requireNumber("1 - share", 1 - share, 0);
  return perturbation("dropPositions", (latents, source) => {
    const [batch, height, width] = latents.shape;
    const probability = random ? tf.mul(source.uniform(perPicture(latents)), share) : tf.scalar(share);
    const stays = tf.greaterEqual(source.uniform([batch, height, width, 1]), probability);
    return tf.mul(latents, tf.cast(stays, "float32"));
  });
}

/**
 * Gives positions the latents of a neighbour: each of the chosen ones moves by whole positions, uniformly within the
 * distance in both directions. Beyond the border the picture's edge goes on. Ours: no paper is followed.
 *
 * @param options.distance largest step along each axis
 * @param options.share probability of each position to be chosen
 * @throws ConfigError for an option out of range
 */
export function jitter({ distance = 1, share }: { distance?: number; share: number }): Bottleneck {
  requireInteger("distance", distance, 1);
  requireNumber("share", share, 0);
  requireNumber("1 - share", 1 - share, 0);
  const side = 2 * distance + 1;
  return perturbation("jitter", (latents, source) => {
    const [batch, height, width] = latents.shape;
    const chosen = tf.cast(tf.less(source.uniform([batch, height, width, 1]), share), "float32");
    const choice = tf.floor(tf.mul(source.uniform([batch, height, width, 1]), side * side));
    let moved: tf.Tensor4D = tf.zerosLike(latents);
    for (let index = 0; index < side * side; index++) {
      const shifted = shiftPositions(latents, Math.floor(index / side) - distance, (index % side) - distance);
      const mask = tf.cast(tf.equal(choice, index), "float32");
      moved = tf.add(moved, tf.mul(mask, shifted));
    }
    return tf.add(latents, tf.mul(chosen, tf.sub(moved, latents)));
  });
}
