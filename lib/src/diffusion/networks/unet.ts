import * as tf from "@tensorflow/tfjs-core";
import { currentEngine } from "../../engine/current.js";
import { ConfigError, DataError } from "../../errors.js";
import { conv2d, upsampleNearest } from "../../nn/layers.js";
import { addConv2d, type Parameters } from "../../nn/parameters.js";
import { requireInteger } from "../../options.js";
import { createRandom } from "../../random.js";
import { requireLabels, requireLevels } from "./check.js";
import { addEmbedding, createFrequencies, embed } from "./embeddings.js";
import type { DiffusionNetwork, Labels } from "./transformer.js";
import { addOutput, addStop, applyOutput, applyStop } from "./unet-blocks.js";
import { layOut } from "./unet-layout.js";

export interface UnetConfig {
  inChannels: number;
  outChannels: number;
  /** Channels at every resolution, each half as high and wide as the one before. */
  widths: readonly number[];
  /** Residual blocks at every resolution on the way down; one more on the way up. */
  blocks: number;
  /** At which resolutions there is attention after every residual block. */
  attention: readonly boolean[];
  /** Of the attention; divides the widths that have it. */
  heads: number;
  /** Number of classes of every factor that it is conditioned on; empty for none. */
  classes: readonly number[];
  /** Decides the initial weights. */
  seed: number;
}

/**
 * DDPM's U-Net (Ho et al. 2020, arXiv:2006.11239, appendix B, in the layout of diffusers' `UNet2DModel`). Takes any
 * height and width that its down-sampling, `2^(widths.length - 1)`, divides.
 *
 * Before training it returns 0 everywhere. Its condition is labels `[batch, factors]` (see `toLabels`), or undefined
 * where it has no classes.
 *
 * @throws ConfigError for options that do not fit each other; EngineError `ERR_ENGINE_NOT_IN_USE` before `engine.use()`
 */
export function createUnet(
  options: Pick<UnetConfig, "inChannels"> & Partial<UnetConfig>,
): DiffusionNetwork<UnetConfig, Labels> {
  currentEngine();
  const config = completeConfig(options);
  const parameters: Parameters = {};
  addParameters(parameters, config);
  const frequencies = tf.keep(createFrequencies());
  return {
    config,
    parameters,
    network: (input, level, labels) => applyUnet(parameters, frequencies, config, input, level, labels),
    dispose: () => tf.dispose([parameters, frequencies] as unknown as tf.TensorContainer),
  };
}

function addParameters(parameters: Parameters, config: UnetConfig): void {
  const { widths, inChannels, outChannels, classes, seed } = config;
  const random = createRandom(seed);
  const width = embeddingWidth(config);
  const { down, middle, up } = layOut(config);
  addConv2d(parameters, random, "conv_in", 3, inChannels, widths[0] as number);
  addEmbedding(parameters, random, { width, classes });
  for (const { block, stops, downsamples, channels } of down) {
    for (const stop of stops) addStop(parameters, random, stop, width);
    if (downsamples) addConv2d(parameters, random, `${block}.downsamplers.0.conv`, 3, channels, channels);
  }
  for (const stop of middle) addStop(parameters, random, stop, width);
  for (const { block, stops, upsamples, channels } of up) {
    for (const stop of stops) addStop(parameters, random, stop, width);
    if (upsamples) addConv2d(parameters, random, `${block}.upsamplers.0.conv`, 3, channels, channels);
  }
  addOutput(parameters, random, widths[0] as number, outChannels);
}

/** @param input `[batch, height, width, inChannels]` */
export function applyUnet(
  parameters: Parameters,
  frequencies: tf.Tensor1D,
  config: UnetConfig,
  input: tf.Tensor4D,
  level: tf.Tensor1D,
  labels: Labels,
): tf.Tensor4D {
  requireInput(config, input);
  requireLevels(level, input.shape[0]);
  requireLabels(labels, input.shape[0], config.classes.length);
  const { heads, classes } = config;
  const { down, middle, up } = layOut(config);
  return tf.tidy(() => {
    const embedding = embed(
      parameters,
      frequencies,
      { width: embeddingWidth(config), classes },
      level,
      labels,
    );
    let hidden = conv2d(parameters, "conv_in", input);
    const skips = [hidden];
    for (const { block, stops, downsamples } of down) {
      for (const stop of stops) {
        hidden = applyStop(parameters, stop, hidden, embedding, heads);
        skips.push(hidden);
      }
      if (!downsamples) continue;
      hidden = conv2d(parameters, `${block}.downsamplers.0.conv`, hidden, 2, 1);
      skips.push(hidden);
    }
    for (const stop of middle) hidden = applyStop(parameters, stop, hidden, embedding, heads);
    for (const { block, stops, upsamples } of up) {
      for (const stop of stops) {
        const joined = tf.concat([hidden, skips.pop() as tf.Tensor4D], 3);
        hidden = applyStop(parameters, stop, joined, embedding, heads);
      }
      if (upsamples) hidden = conv2d(parameters, `${block}.upsamplers.0.conv`, upsampleNearest(hidden));
    }
    return applyOutput(parameters, hidden);
  });
}

/** Features of the embedding of level and labels: four times the first width, as in DDPM. */
function embeddingWidth({ widths }: UnetConfig): number {
  return 4 * (widths[0] as number);
}

function requireInput({ inChannels, widths }: UnetConfig, { shape }: tf.Tensor4D): void {
  const downsampling = 2 ** (widths.length - 1);
  const [, height, width, channels] = shape;
  if (channels === inChannels && height % downsampling === 0 && width % downsampling === 0) return;
  throw new DataError(
    "ERR_SHAPE_MISMATCH",
    `The U-Net takes [batch, height, width, ${inChannels}] with a height and width that ${downsampling} divides, this is [${shape.join(", ")}].`,
  );
}

function completeConfig(options: Pick<UnetConfig, "inChannels"> & Partial<UnetConfig>): UnetConfig {
  const widths = options.widths ?? [32, 64];
  const attention = options.attention ?? widths.map(() => false);
  const outChannels = options.outChannels ?? options.inChannels;
  const config = { blocks: 1, heads: 1, classes: [], seed: 0, ...options, widths, attention, outChannels };
  const { inChannels, blocks, heads, classes } = config;
  for (const [name, value] of Object.entries({ inChannels, outChannels, blocks, heads })) {
    requireInteger(name, value, 1);
  }
  for (const width of widths) requireInteger("a width", width, 1);
  for (const count of classes) requireInteger("a factor's number of classes", count, 1);
  const divides = widths.every((width, level) => !attention[level] || width % heads === 0);
  if (widths.length === 0 || attention.length !== widths.length || !divides) {
    const message = `widths [${widths.join(", ")}] and attention [${attention.join(", ")}] have to be as many, at least one, and ${heads} heads have to divide the widths with attention.`;
    throw new ConfigError("ERR_OPTION_OUT_OF_RANGE", message);
  }
  return config;
}
