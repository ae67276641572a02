import * as tf from "@tensorflow/tfjs-core";
import { currentEngine } from "../engine/current.js";
import { ConfigError } from "../errors.js";
import { batchNorm } from "../nn/batch-norm.js";
import { pictureAxes, requireFloats, shapeError, shapeText } from "../nn/check.js";
import { addVariable, type Parameters, requireParameter } from "../nn/parameters.js";
import { requireInteger } from "../options.js";
import { createRandom, type Random } from "../random.js";

export interface PatchDiscriminatorOptions {
  imageChannels?: number;
  /** Channels after the first layer; the next layers have 2, 4 and 8 times as many. */
  width?: number;
  /** Layers with stride 2. Three see patches of 70 x 70 pixels. */
  layers?: number;
  /** Batch normalisation by the batch's own statistics (those of its part, with `microBatches`), latent diffusion's default, or none. */
  norm?: "batch" | "none";
  seed?: number;
}

/** Judges overlapping patches of a picture. */
export interface PatchDiscriminator {
  /** Under the names of latent diffusion's `NLayerDiscriminator`: `main.0.weight`, ... */
  readonly parameters: Parameters;
  /**
   * @param pictures `[batch, height, width, imageChannels]`, at least `3 * 2^layers` pixels a side
   * @returns logits `[batch, rows, columns, 1]`, one a patch
   * @throws DataError `ERR_SHAPE_MISMATCH` for other shapes, `ERR_DTYPE_MISMATCH` for another type than float32
   */
  judge(pictures: tf.Tensor4D): tf.Tensor4D;
  dispose(): void;
}

interface Layer {
  /** Its place in PyTorch's `Sequential`, which names its parameters. */
  index: number;
  inChannels: number;
  outChannels: number;
  stride: 1 | 2;
  hasBias: boolean;
  isNormalised: boolean;
  isLast: boolean;
}

/**
 * PatchGAN's discriminator (Isola et al. 2017, arXiv:1611.07004), layer by layer as latent diffusion's
 * `NLayerDiscriminator`: 4 x 4 convolutions with one pixel of padding, leaky ReLU of 0.2, normalisation except in the
 * first and the last layer, whose convolutions alone have a bias where the others are normalised. Filters are drawn
 * from N(0, 0.02), gains from N(1, 0.02).
 *
 * @throws ConfigError for an option out of range; EngineError `ERR_ENGINE_NOT_IN_USE` before `engine.use()`
 */
export function createPatchDiscriminator({
  imageChannels = 3,
  width = 64,
  layers = 3,
  norm = "batch",
  seed = 0,
}: PatchDiscriminatorOptions = {}): PatchDiscriminator {
  currentEngine();
  requireInteger("imageChannels", imageChannels, 1);
  requireInteger("width", width, 1);
  requireInteger("layers", layers, 1);
  if (norm !== "batch" && norm !== "none") {
    throw new ConfigError(
      "ERR_OPTION_OUT_OF_RANGE",
      `norm has to be "batch" or "none", not ${JSON.stringify(norm)}.`,
    );
  }
  const plan = planLayers(imageChannels, width, layers, norm === "batch");
  const parameters: Parameters = {};
  const random = createRandom(seed);
  for (const layer of plan) draw(parameters, random, layer);
  return {
    parameters,
    judge(pictures) {
      requireLargeEnough(pictures, imageChannels, layers);
      return tf.tidy(() => plan.reduce((hidden, layer) => run(parameters, layer, hidden), pictures));
    },
    dispose: () => tf.dispose(parameters),
  };
}

/** The last two layers take away a pixel each, after the others have halved the sides. */
function requireLargeEnough(pictures: tf.Tensor4D, imageChannels: number, layers: number): void {
  const place = "PatchDiscriminator.judge";
  requireFloats(place, "pictures", pictures, pictureAxes);
  const smallest = 3 * 2 ** layers;
  const [, height, width, channels] = pictures.shape;
  if (channels === imageChannels && height >= smallest && width >= smallest) return;
  throw shapeError(
    place,
    `pictures have to be ${shapeText(["batch", "height", "width", imageChannels])} of at least ${smallest} x ${smallest} pixels, not ${shapeText(pictures.shape)}. Fewer layers (${layers} here) take smaller ones.`,
  );
}

function planLayers(imageChannels: number, width: number, layers: number, normalised: boolean): Layer[] {
  const plan: Layer[] = [];
  let index = 0;
  let inChannels = imageChannels;
  for (let depth = 0; depth <= layers + 1; depth++) {
    const isLast = depth === layers + 1;
    const isNormalised = normalised && depth > 0 && !isLast;
    const outChannels = isLast ? 1 : width * Math.min(2 ** depth, 8);
    const stride = depth < layers ? 2 : 1;
    plan.push({ index, inChannels, outChannels, stride, isNormalised, hasBias: !isNormalised, isLast });
    index += isNormalised ? 3 : 2; // convolution, normalisation, activation
    inChannels = outChannels;
  }
  return plan;
}

function draw(parameters: Parameters, random: Random, layer: Layer): void {
  const { index, inChannels, outChannels, hasBias, isNormalised } = layer;
  const normal = (count: number, mean: number) =>
    random.fillNormal(new Float32Array(count)).map((value) => mean + 0.02 * value);
  const shape = [4, 4, inChannels, outChannels];
  addVariable(parameters, `main.${index}.weight`, normal(16 * inChannels * outChannels, 0), shape);
  if (hasBias) {
    const bound = 1 / Math.sqrt(16 * inChannels); // PyTorch's default, which the original leaves as it is
    const bias = Float32Array.from({ length: outChannels }, () => random.uniform(-bound, bound));
    addVariable(parameters, `main.${index}.bias`, bias, [outChannels]);
  }
  if (!isNormalised) return;
  addVariable(parameters, `main.${index + 1}.weight`, normal(outChannels, 1), [outChannels]);
  addVariable(parameters, `main.${index + 1}.bias`, new Float32Array(outChannels), [outChannels]);
}

function run(parameters: Parameters, layer: Layer, x: tf.Tensor4D): tf.Tensor4D {
  const { index, stride, hasBias, isNormalised, isLast } = layer;
  const filter = requireParameter(parameters, `main.${index}.weight`) as tf.Tensor as tf.Tensor4D;
  const convolved = tf.conv2d(x, filter, stride, 1, "NHWC", 1, "floor");
  const biased: tf.Tensor4D = hasBias
    ? tf.add(convolved, requireParameter(parameters, `main.${index}.bias`))
    : convolved;
  if (isLast) return biased;
  const normalised = isNormalised ? batchNorm(parameters, `main.${index + 1}`, biased) : biased;
  return tf.leakyRelu(normalised, 0.2);
}
