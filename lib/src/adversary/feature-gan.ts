import * as tf from "@tensorflow/tfjs-core";
import { stopGradient } from "../engine/index.js";
import type { FeatureNetwork } from "../losses/feature-network.js";
import { conv2d } from "../nn/layers.js";
import { addConv2d, type Parameters } from "../nn/parameters.js";
import { requireInteger } from "../options.js";
import { createRandom } from "../random.js";
import type { Adversary, DiscriminatorLoss } from "./adversary.js";
import { hingeLoss } from "./losses.js";

export interface FeatureGanOptions {
  /** Channels inside of every head. */
  width?: number;
  seed?: number;
}

/**
 * An adversary that sees pictures through a frozen network (Sauer et al. 2021, arXiv:2111.01007, "Projected GANs",
 * section 3, here without its random mixing of scales): a small head on each of the network's maps, a 1 x 1
 * convolution to `width`, leaky ReLU, and a 3 x 3 convolution to one logit a position. Every head has the hinge loss
 * of its own logits; the scales' losses add up.
 *
 * Its losses take pictures `[batch, height, width, imageChannels]` in [-1, 1].
 *
 * @param network stays the caller's; its parameters are not trained
 * @throws ConfigError for an option out of range
 */
export function createFeatureGan(
  network: FeatureNetwork,
  { width = 32, seed = 0 }: FeatureGanOptions = {},
): Adversary {
  requireInteger("width", width, 1);
  const parameters: Parameters = {};
  const random = createRandom(seed);
  for (const [scale, channels] of network.widths.entries()) {
    addConv2d(parameters, random, `heads.${scale}.0`, 1, channels, width);
    addConv2d(parameters, random, `heads.${scale}.1`, 3, width, 1);
  }
  const judge = (pictures: tf.Tensor4D): tf.Tensor4D[] =>
    network.maps(pictures).map((map, scale) => {
      const hidden = tf.leakyRelu(conv2d(parameters, `heads.${scale}.0`, map), 0.2);
      return conv2d(parameters, `heads.${scale}.1`, hidden);
    });
  const sum = (values: tf.Tensor[]) => tf.addN(values) as tf.Scalar;
  return {
    parameters,
    generatorLoss: (_real, fake) => tf.tidy(() => sum(judge(fake).map((logits) => tf.neg(tf.mean(logits))))),
    discriminatorLoss: (real, fake) =>
      tf.tidy(() => {
        const [ofReal, ofFake] = [judge(real), judge(stopGradient(fake))];
        const losses = ofReal.map((logits, scale) => hingeLoss(logits, ofFake[scale] as tf.Tensor));
        const mean = (logits: tf.Tensor4D[]) =>
          tf.div(sum(logits.map((scale) => tf.mean(scale))), logits.length) as tf.Scalar;
        return { loss: sum(losses), realLogits: mean(ofReal), fakeLogits: mean(ofFake), penalties: {} };
      }) as unknown as DiscriminatorLoss,
    dispose: () => tf.dispose(parameters),
  };
}
