import * as tf from "@tensorflow/tfjs-core";
import { currentEngine } from "../engine/current.js";
import { ConfigError } from "../errors.js";
import { conv2d } from "../nn/layers.js";
import { addVariable, type Parameters } from "../nn/parameters.js";
import { requireInteger } from "../options.js";
import { createRandom } from "../random.js";

/** A fixed network that shows what pictures have in common: for perceptual losses, discriminators and metrics. */
export interface FeatureNetwork {
  readonly imageChannels: number;
  /** Channels of the maps that `maps` returns. */
  readonly widths: readonly number[];
  /** Frozen: no optimiser gets them. */
  readonly parameters: Parameters;
  /** Linear weights of the maps' squared differences, one a channel, where the network has learned some (LPIPS). */
  readonly channelWeights?: readonly tf.Tensor1D[];
  /**
   * @param pictures `[batch, height, width, imageChannels]` in [-1, 1]
   * @returns maps `[batch, height / s, width / s, width]` from fine to coarse
   */
  maps(pictures: tf.Tensor4D): tf.Tensor4D[];
  dispose(): void;
}

export interface RandomFeatureOptions {
  imageChannels?: number;
  /** Channels at each scale; every scale has half the resolution of the one before. */
  widths?: number[];
  /** The same seed gives the same network on every engine. */
  seed?: number;
}

/**
 * Convolutions with random weights that never change, and no data behind them: two 3 x 3 convolutions with ReLU a
 * scale, means of 2 x 2 in between. Random features separate textures well enough to train and to measure by (Ulyanov
 * et al. 2018, arXiv:1711.10925 on what convolutions bring along; Naeem et al. 2020, arXiv:2002.09797, section 4 on
 * random embeddings).
 *
 * Weights are normal with variance 2 / fan-in (He et al. 2015, arXiv:1502.01852), biases zero.
 *
 * @returns a network of pictures `[batch, height, width, imageChannels]` in [-1, 1]
 * @throws ConfigError for an option out of range; EngineError `ERR_ENGINE_NOT_IN_USE` before `engine.use()`
 */
export function createRandomFeatures({
  imageChannels = 3,
  widths = [32, 64, 128],
  seed = 0,
}: RandomFeatureOptions = {}): FeatureNetwork {
  currentEngine();
  requireInteger("imageChannels", imageChannels, 1);
  requireInteger("seed", seed, 0);
  if (widths.length === 0) {
    throw new ConfigError("ERR_OPTION_OUT_OF_RANGE", "widths needs at least one number of channels.");
  }
  for (const width of widths) requireInteger("every one of widths", width, 1);
  const random = createRandom(seed);
  const parameters: Parameters = {};
  const draw = (name: string, inChannels: number, outChannels: number) => {
    const spread = Math.sqrt(2 / (9 * inChannels));
    const weight = random.fillNormal(new Float32Array(9 * inChannels * outChannels));
    for (let index = 0; index < weight.length; index++) weight[index] = (weight[index] as number) * spread;
    addVariable(parameters, `${name}.weight`, weight, [3, 3, inChannels, outChannels]);
    addVariable(parameters, `${name}.bias`, new Float32Array(outChannels), [outChannels]);
  };
  for (const [scale, width] of widths.entries()) {
    draw(`scales.${scale}.0`, widths[scale - 1] ?? imageChannels, width);
    draw(`scales.${scale}.1`, width, width);
  }
  return {
    imageChannels,
    widths: [...widths],
    parameters,
    maps: (pictures) =>
      tf.tidy(() => {
        let hidden = pictures;
        return widths.map((_, scale) => {
          if (scale > 0) hidden = halve(hidden);
          for (const layer of [0, 1])
            hidden = tf.relu(conv2d(parameters, `scales.${scale}.${layer}`, hidden));
          return hidden;
        });
      }),
    dispose: () => tf.dispose(parameters),
  };
}

/**
 * Means of 2 x 2 pixels; the last row or column of an odd number of them is left out. A picture of one pixel stays.
 */
function halve(x: tf.Tensor4D): tf.Tensor4D {
  const [, height, width] = x.shape;
  return tf.avgPool(x, [Math.min(height, 2), Math.min(width, 2)], 2, "valid");
}
