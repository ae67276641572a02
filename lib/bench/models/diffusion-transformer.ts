import * as tf from "@tensorflow/tfjs-core";
import { dense, multiHeadAttention, normaliseRows, type Parameters, silu } from "../../src/index.js";
import { requireParameter } from "../../src/nn/parameters.js";
import type { BenchmarkModel } from "./model.js";
import { Weights } from "./weights.js";

export interface DiffusionTransformerOptions {
  batch: number;
  /** Height and width of the latents. */
  latentSize: number;
  latentChannels: number;
  /** Side of the square of latent positions that makes one token. */
  patch: number;
  /** Features of a token. */
  width: number;
  blocks: number;
  heads: number;
}

/** Sines and cosines that describe the time, half of each. */
const timeFeatures = 256;

/**
 * D: a diffusion transformer (DiT, Peebles and Xie 2023, arXiv:2212.09748) on latents, with adaLN in every block and
 * the loss of a rectified flow (Liu et al. 2022, arXiv:2209.03003): the mean squared error of the velocity
 * `noise - latents` at `(1 - t) latents + t noise`. Two things differ from DiT: positions are learnt, and the MLP has SiLU
 * in place of GELU. Nothing is initialised with zeros but biases, so that every layer has a gradient from the start.
 */
export function createDiffusionTransformer(options: DiffusionTransformerOptions): BenchmarkModel {
  const { batch, latentSize, latentChannels } = options;
  const weights = new Weights();
  initialise(weights, options);
  const latents = weights.uniform([batch, latentSize, latentSize, latentChannels], 1.5);
  const noise = weights.uniform([batch, latentSize, latentSize, latentChannels], 1.5);
  const times = { shape: [batch], values: weights.uniform([batch], 0.5).values.map((value) => value + 0.5) };
  // Made once: inside a compiled step nothing can be uploaded.
  const frequencies = tf.tensor1d(
    Float32Array.from(
      { length: timeFeatures / 2 },
      (_, index) => 1000 * 10_000 ** (-index / (timeFeatures / 2)),
    ),
  );
  const { parameters } = weights;
  return {
    parameters,
    inputs: { latents, noise, times },
    learningRate: 1e-4,
    loss: ({ latents, noise, times }) => {
      const t = tf.reshape(times as tf.Tensor1D, [batch, 1, 1, 1]);
      const clean = latents as tf.Tensor4D;
      const noisy = tf.add(clean, tf.mul(t, tf.sub(noise as tf.Tensor4D, clean))) as tf.Tensor4D;
      const features = embedTimes(times as tf.Tensor1D, frequencies);
      const velocity = predictVelocity(parameters, options, noisy, features);
      return tf.mean(tf.square(tf.sub(velocity, tf.sub(noise as tf.Tensor4D, clean))));
    },
    dispose: () => tf.dispose([frequencies, parameters]),
  };
}

/** Times in [0, 1], `[batch]`, to `[batch, timeFeatures]`. */
function embedTimes(times: tf.Tensor1D, frequencies: tf.Tensor1D): tf.Tensor2D {
  const angles = tf.mul(tf.expandDims(times, 1), tf.expandDims(frequencies, 0)) as tf.Tensor2D;
  return tf.concat([tf.cos(angles), tf.sin(angles)], 1);
}

/** `noisy` `[batch, latentSize, latentSize, latentChannels]` to the velocity there, of the same shape. */
function predictVelocity(
  parameters: Parameters,
  options: DiffusionTransformerOptions,
  noisy: tf.Tensor4D,
  timeFeatures: tf.Tensor2D,
): tf.Tensor4D {
  const { batch, blocks, heads, patch, latentSize, latentChannels } = options;
  const side = latentSize / patch;
  const positions = requireParameter(parameters, "pos_embed");
  const patches = tf.reshape(toPatches(noisy, patch), [batch, side * side, -1]) as tf.Tensor3D;
  let tokens: tf.Tensor3D = tf.add(dense(parameters, "patch_embed", patches), positions);

  const hidden = silu(dense(parameters, "time_embed.0", timeFeatures));
  const condition = silu(dense(parameters, "time_embed.2", hidden));
  for (let index = 0; index < blocks; index++)
    tokens = block(parameters, `blocks.${index}`, tokens, condition, heads);

  const [shift, scale] = modulation(parameters, "final.adaLN", condition, 2) as [tf.Tensor3D, tf.Tensor3D];
  const output = dense(parameters, "final.linear", modulate(normalise(tokens), shift, scale));
  return fromPatches(output, patch, [batch, latentSize, latentSize, latentChannels]);
}

/** One block of DiT: attention and MLP, each behind a layer norm that the condition shifts and scales, and gates. */
function block(
  parameters: Parameters,
  name: string,
  tokens: tf.Tensor3D,
  condition: tf.Tensor2D,
  heads: number,
): tf.Tensor3D {
  const [shift1, scale1, gate1, shift2, scale2, gate2] = modulation(
    parameters,
    `${name}.adaLN`,
    condition,
    6,
  ) as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D, tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
  const input = modulate(normalise(tokens), shift1, scale1);
  const middle: tf.Tensor3D = tf.add(
    tokens,
    tf.mul(gate1, selfAttention(parameters, `${name}.attn`, input, heads)),
  );
  const hidden = silu(dense(parameters, `${name}.mlp.0`, modulate(normalise(middle), shift2, scale2)));
  return tf.add(middle, tf.mul(gate2, dense(parameters, `${name}.mlp.2`, hidden)));
}

const normalise = (tokens: tf.Tensor3D) => normaliseRows(tokens, 1e-6);

/** `[batch, width]` to `count` tensors `[batch, 1, width]`. */
function modulation(
  parameters: Parameters,
  name: string,
  condition: tf.Tensor2D,
  count: number,
): tf.Tensor[] {
  return tf.split(tf.expandDims(dense(parameters, name, condition), 1), count, 2);
}

function modulate(x: tf.Tensor3D, shift: tf.Tensor3D, scale: tf.Tensor3D): tf.Tensor3D {
  return tf.add(tf.mul(x, tf.add(scale, 1)), shift);
}

/** Tokens `[batch, tokens, width]`, parameters `<name>.qkv` and `<name>.proj`. */
function selfAttention(
  parameters: Parameters,
  name: string,
  tokens: tf.Tensor3D,
  heads: number,
): tf.Tensor3D {
  const [query, key, value] = tf.split(dense(parameters, `${name}.qkv`, tokens), 3, 2) as [
    tf.Tensor3D,
    tf.Tensor3D,
    tf.Tensor3D,
  ];
  return dense(parameters, `${name}.proj`, multiHeadAttention(query, key, value, heads));
}

/** `[batch, height, width, channels]` to `[batch * tokens, patch * patch * channels]`. */
function toPatches(x: tf.Tensor4D, patch: number): tf.Tensor2D {
  const [batch, height, width, channels] = x.shape;
  const rows = tf.reshape(x, [(batch * height) / patch, patch, width / patch, patch * channels]);
  return tf.reshape(tf.transpose(rows, [0, 2, 1, 3]), [-1, patch * patch * channels]);
}

/** The way back. */
function fromPatches(
  tokens: tf.Tensor3D,
  patch: number,
  shape: [number, number, number, number],
): tf.Tensor4D {
  const [batch, height, width, channels] = shape;
  const rows = tf.reshape(tokens, [(batch * height) / patch, width / patch, patch, patch * channels]);
  return tf.reshape(tf.transpose(rows, [0, 2, 1, 3]), shape);
}

function initialise(weights: Weights, options: DiffusionTransformerOptions): void {
  const { width, blocks, patch, latentSize, latentChannels } = options;
  const patchSize = patch * patch * latentChannels;
  weights.dense("patch_embed", patchSize, width);
  weights.add("pos_embed", weights.uniform([1, (latentSize / patch) ** 2, width], 0.5));
  weights.dense("time_embed.0", timeFeatures, width);
  weights.dense("time_embed.2", width, width);
  for (let index = 0; index < blocks; index++) {
    const name = `blocks.${index}`;
    weights.dense(`${name}.adaLN`, width, 6 * width);
    weights.dense(`${name}.attn.qkv`, width, 3 * width);
    weights.dense(`${name}.attn.proj`, width, width);
    weights.dense(`${name}.mlp.0`, width, 4 * width);
    weights.dense(`${name}.mlp.2`, 4 * width, width);
  }
  weights.dense("final.adaLN", width, 2 * width);
  weights.dense("final.linear", width, patchSize);
}
