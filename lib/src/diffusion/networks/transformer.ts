import * as tf from "@tensorflow/tfjs-core";
import { currentEngine } from "../../engine/current.js";
import { ConfigError, DataError } from "../../errors.js";
import { dense } from "../../nn/dense.js";
import { addDense, type Parameters } from "../../nn/parameters.js";
import { requireInteger, requireNumber } from "../../options.js";
import { createRandom } from "../../random.js";
import type { NetworkFunction } from "../denoiser.js";
import { requireLabels, requireLevels } from "./check.js";
import { addEmbedding, createFrequencies, embed } from "./embeddings.js";
import { fromPatches, toPatches } from "./patches.js";
import { createPositions } from "./positions.js";
import {
  addTransformerBlock,
  type BlockConfig,
  modulate,
  modulation,
  transformerBlock,
} from "./transformer-block.js";
import { setToZero } from "./variables.js";

export interface TransformerConfig extends BlockConfig {
  /** `[height, width, channels]` of what it denoises. */
  shape: readonly [height: number, width: number, channels: number];
  /** Side of the square of positions that makes one token; 1 is one token a position. */
  patch: number;
  depth: number;
  /** Number of classes of every factor that it is conditioned on; empty for none. */
  classes: readonly number[];
  /** Decides the initial weights. */
  seed: number;
}

/** A network on noisy tensors, with its parameters. */
export interface DiffusionNetwork<Config, Condition> {
  readonly config: Readonly<Config>;
  /** Trainable tensors, their names in the spirit of diffusers'. */
  readonly parameters: Parameters;
  readonly network: NetworkFunction<Condition>;
  /** Frees the parameters. */
  dispose(): void;
}

export type Labels = tf.Tensor2D | undefined;

/** What is computed once, from the configuration. */
export interface TransformerConstants {
  frequencies: tf.Tensor1D;
  positions: tf.Tensor3D;
}

/**
 * A diffusion transformer (DiT, Peebles and Xie 2023, arXiv:2212.09748). With `patch: 1` every position of the
 * latents is one token, whatever their shape: experiments on shapes run the same code.
 *
 * Before training it returns 0 everywhere. Its condition is labels `[batch, factors]` (see `toLabels`), or undefined
 * where it has no classes.
 *
 * @throws ConfigError for options that do not fit each other; EngineError `ERR_ENGINE_NOT_IN_USE` before `engine.use()`
 */
export function createTransformer(
  options: Pick<TransformerConfig, "shape"> & Partial<TransformerConfig>,
): DiffusionNetwork<TransformerConfig, Labels> {
  currentEngine();
  const config = completeConfig(options);
  const { shape, patch, width, depth, classes } = config;
  const [height, columns, channels] = shape;
  const parameters: Parameters = {};
  const random = createRandom(config.seed);
  addDense(parameters, random, "pos_embed.proj", patch ** 2 * channels, width);
  addEmbedding(parameters, random, { width, classes });
  for (let index = 0; index < depth; index++) {
    addTransformerBlock(parameters, random, `transformer_blocks.${index}`, config);
  }
  addDense(parameters, random, "norm_out.linear", width, 2 * width);
  addDense(parameters, random, "proj_out", width, patch ** 2 * channels);
  for (const last of ["norm_out.linear", "proj_out"]) setToZero(parameters, last);
  const constants = {
    frequencies: tf.keep(createFrequencies()),
    positions: tf.keep(createPositions(height / patch, columns / patch, width)),
  };
  return {
    config,
    parameters,
    network: (input, level, labels) => applyTransformer(parameters, constants, config, input, level, labels),
    dispose: () => tf.dispose([parameters, constants] as unknown as tf.TensorContainer),
  };
}

/** @param input `[batch, ...config.shape]` */
export function applyTransformer(
  parameters: Parameters,
  { frequencies, positions }: TransformerConstants,
  config: TransformerConfig,
  input: tf.Tensor4D,
  level: tf.Tensor1D,
  labels: Labels,
): tf.Tensor4D {
  const [batch, ...shape] = input.shape;
  if (shape.join() !== config.shape.join()) {
    const message = `The transformer takes [batch, ${config.shape.join(", ")}], this is [${input.shape.join(", ")}].`;
    throw new DataError("ERR_SHAPE_MISMATCH", message);
  }
  requireLevels(level, batch);
  requireLabels(labels, batch, config.classes.length);
  return tf.tidy(() => {
    const embedding = embed(parameters, frequencies, config, level, labels);
    const projected = dense(parameters, "pos_embed.proj", toPatches(input, config.patch));
    let tokens: tf.Tensor3D = tf.add(projected, positions);
    for (let index = 0; index < config.depth; index++) {
      tokens = transformerBlock(parameters, `transformer_blocks.${index}`, config, tokens, embedding);
    }
    const [shift, scale] = modulation(parameters, "norm_out.linear", embedding, 2) as [tf.Tensor, tf.Tensor];
    const output = dense(parameters, "proj_out", modulate(tokens, shift, scale));
    return fromPatches(output, config.patch, input.shape);
  });
}

function completeConfig(
  options: Pick<TransformerConfig, "shape"> & Partial<TransformerConfig>,
): TransformerConfig {
  const config = {
    patch: 1,
    width: 64,
    depth: 4,
    heads: 4,
    mlpRatio: 4,
    qkNorm: false,
    classes: [],
    seed: 0,
    ...options,
  };
  const { shape, patch, width, depth, heads, mlpRatio, classes } = config;
  const sizes = { height: shape[0], width: shape[1], channels: shape[2] };
  for (const [name, size] of Object.entries(sizes)) requireInteger(`${name} of the shape`, size, 1);
  for (const [name, value] of Object.entries({ patch, width, heads })) requireInteger(name, value, 1);
  requireInteger("depth", depth, 0);
  requireNumber("mlpRatio", mlpRatio, 0, true);
  for (const count of classes) requireInteger("a factor's number of classes", count, 1);
  if (width % 4 !== 0 || width % heads !== 0) {
    const message = `width ${width} has to be a multiple of 4 and of the ${heads} heads.`;
    throw new ConfigError("ERR_OPTION_OUT_OF_RANGE", message);
  }
  if (sizes.height % patch !== 0 || sizes.width % patch !== 0) {
    const message = `patch ${patch} has to divide the height and the width of the shape [${shape.join(", ")}].`;
    throw new ConfigError("ERR_OPTION_OUT_OF_RANGE", message);
  }
  return config;
}
