import * as tf from "@tensorflow/tfjs-core";
import { currentEngine } from "../engine/current.js";
import { ConfigError } from "../errors.js";
import { isSameShape, pictureAxes, requireFloats, shapeError, shapeText } from "../nn/check.js";
import { dense } from "../nn/dense.js";
import { conv2d } from "../nn/layers.js";
import { addVariable, type Parameters } from "../nn/parameters.js";
import { requireInteger } from "../options.js";
import { createRandom } from "../random.js";

export interface ResidualDiscriminatorOptions {
  /** Height and width of the pictures, in pixels: a multiple of `2^(widths.length - 1)`. */
  imageSize?: number;
  imageChannels?: number;
  /** Channels at each resolution, from the full one downwards by halves. */
  widths?: number[];
  blocksPerLevel?: number;
  seed?: number;
}

export interface ResidualDiscriminator {
  readonly parameters: Parameters;
  /**
   * @param pictures `[batch, imageSize, imageSize, imageChannels]`
   * @returns one logit a picture, `[batch]`
   * @throws DataError `ERR_SHAPE_MISMATCH` for other shapes, `ERR_DTYPE_MISMATCH` for another type than float32
   */
  judge(pictures: tf.Tensor4D): tf.Tensor1D;
  dispose(): void;
}

const slope = 0.2;
/** Keeps the variance through a leaky ReLU. */
const gain = Math.sqrt(2 / (1 + slope ** 2));

/**
 * A small discriminator without normalisation in the manner of R3GAN's (Huang et al. 2024, arXiv:2501.05441, section
 * 4): residual blocks `x + conv(act(conv(act(conv(x)))))` of 1 x 1, 3 x 3 and 1 x 1 convolutions, twice as wide
 * inside and not grouped, whose last convolution starts at zero (Fixup: Zhang et al. 2019, arXiv:1901.09321); means
 * of 2 x 2 pixels and a 1 x 1 convolution between resolutions; one linear layer over the last map.
 *
 * @throws ConfigError for an option out of range, or an imageSize that the widths do not divide; EngineError
 *   `ERR_ENGINE_NOT_IN_USE` before `engine.use()`
 */
export function createResidualDiscriminator({
  imageSize = 32,
  imageChannels = 3,
  widths = [32, 64, 128],
  blocksPerLevel = 1,
  seed = 0,
}: ResidualDiscriminatorOptions = {}): ResidualDiscriminator {
  currentEngine();
  requireInteger("imageSize", imageSize, 1);
  requireInteger("imageChannels", imageChannels, 1);
  requireInteger("blocksPerLevel", blocksPerLevel, 1);
  requireInteger("the number of widths", widths.length, 1);
  for (const width of widths) requireInteger("every one of widths", width, 1);
  const lowest = widths.length - 1;
  const lastSize = imageSize / 2 ** lowest;
  if (!Number.isInteger(lastSize)) {
    throw new ConfigError(
      "ERR_OPTION_OUT_OF_RANGE",
      `imageSize (${imageSize}) has to be a multiple of ${2 ** lowest}, for ${widths.length} widths.`,
    );
  }
  const random = createRandom(seed);
  const parameters: Parameters = {};
  const draw = (name: string, shape: number[], scale: number) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const fanIn = size / (shape.at(-1) as number);
    const weight = random.fillNormal(new Float32Array(size));
    addVariable(
      parameters,
      `${name}.weight`,
      weight.map((value) => (value * scale) / Math.sqrt(fanIn)),
      shape,
    );
    if (shape.length === 4)
      addVariable(parameters, `${name}.bias`, new Float32Array(shape[3] as number), [shape[3] as number]);
  };
  draw("in", [1, 1, imageChannels, widths[0] as number], 1);
  for (const [level, width] of widths.entries()) {
    if (level > 0) draw(`levels.${level}.in`, [1, 1, widths[level - 1] as number, width], 1);
    for (let index = 0; index < blocksPerLevel; index++) {
      const block = `levels.${level}.blocks.${index}`;
      draw(`${block}.0`, [1, 1, width, 2 * width], gain);
      draw(`${block}.1`, [3, 3, 2 * width, 2 * width], gain);
      draw(`${block}.2`, [1, 1, 2 * width, width], 0);
    }
  }
  draw("out", [lastSize * lastSize * (widths[lowest] as number), 1], 1);

  const block = (name: string, x: tf.Tensor4D): tf.Tensor4D => {
    const first = tf.leakyRelu(conv2d(parameters, `${name}.0`, x), slope);
    const second = tf.leakyRelu(conv2d(parameters, `${name}.1`, first), slope);
    return tf.add(x, conv2d(parameters, `${name}.2`, second));
  };
  return {
    parameters,
    judge(pictures) {
      const place = "ResidualDiscriminator.judge";
      requireFloats(place, "pictures", pictures, pictureAxes);
      const wanted = [imageSize, imageSize, imageChannels];
      if (!isSameShape(pictures.shape.slice(1), wanted)) {
        const sentence = `pictures have to be ${shapeText(["batch", ...wanted])}, not ${shapeText(pictures.shape)}.`;
        throw shapeError(place, sentence);
      }
      return tf.tidy(() => {
        let hidden = conv2d(parameters, "in", pictures);
        for (let level = 0; level <= lowest; level++) {
          if (level > 0) hidden = conv2d(parameters, `levels.${level}.in`, tf.avgPool(hidden, 2, 2, "valid"));
          for (let index = 0; index < blocksPerLevel; index++)
            hidden = block(`levels.${level}.blocks.${index}`, hidden);
        }
        const rows = tf.reshape(hidden, [pictures.shape[0], -1]) as tf.Tensor2D;
        return tf.reshape(dense(parameters, "out", rows), [-1]) as tf.Tensor1D;
      });
    },
    dispose: () => tf.dispose(parameters),
  };
}
