import * as tf from "@tensorflow/tfjs-core";
import { createFrequencies } from "../../src/diffusion/networks/embeddings.js";
import { applyTransformer } from "../../src/diffusion/networks/transformer.js";
import { flowLoss } from "../../src/index.js";
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

/** Of the time, sines and cosines. */
const timeFeatures = 256;

/**
 * D: the library's diffusion transformer (DiT, Peebles and Xie 2023, arXiv:2212.09748) on latents, with the loss of a
 * rectified flow. Its positions are learnt, and nothing is initialised with zeros but biases, so that every layer has a
 * gradient from the start.
 */
export function createDiffusionTransformer(options: DiffusionTransformerOptions): BenchmarkModel {
  const { batch, latentSize, latentChannels, patch, width, blocks, heads } = options;
  const weights = new Weights();
  initialise(weights, options);
  const latents = weights.uniform([batch, latentSize, latentSize, latentChannels], 1.5);
  const noise = weights.uniform([batch, latentSize, latentSize, latentChannels], 1.5);
  const times = { shape: [batch], values: weights.uniform([batch], 0.5).values.map((value) => value + 0.5) };
  const frequencies = createFrequencies();
  const { parameters } = weights;
  const config = {
    ...{ shape: [latentSize, latentSize, latentChannels] as const, patch, width, depth: blocks, heads },
    ...{ mlpRatio: 4, qkNorm: false, classes: [], seed: 0 },
  };
  const network = (noisy: tf.Tensor4D, level: tf.Tensor1D) => {
    const positions = requireParameter(parameters, "positions") as tf.Tensor as tf.Tensor3D;
    return applyTransformer(parameters, { frequencies, positions }, config, noisy, level, undefined);
  };
  return {
    parameters,
    inputs: { latents, noise, times },
    learningRate: 1e-4,
    loss: ({ latents, noise, times }) => {
      const drawn = { clean: latents as tf.Tensor4D, noise: noise as tf.Tensor4D };
      return flowLoss(network, { ...drawn, times: times as tf.Tensor1D }, undefined);
    },
    dispose: () => tf.dispose([frequencies, parameters]),
  };
}

function initialise(weights: Weights, options: DiffusionTransformerOptions): void {
  const { width, blocks, patch, latentSize, latentChannels } = options;
  const patchSize = patch * patch * latentChannels;
  weights.dense("pos_embed.proj", patchSize, width);
  weights.add("positions", weights.uniform([1, (latentSize / patch) ** 2, width], 0.5));
  weights.dense("time_embedding.linear_1", timeFeatures, width);
  weights.dense("time_embedding.linear_2", width, width);
  for (let index = 0; index < blocks; index++) {
    const name = `transformer_blocks.${index}`;
    weights.dense(`${name}.norm1.linear`, width, 6 * width);
    weights.dense(`${name}.attn.to_qkv`, width, 3 * width);
    weights.dense(`${name}.attn.to_out.0`, width, width);
    weights.dense(`${name}.ff.net.0.proj`, width, 4 * width);
    weights.dense(`${name}.ff.net.2`, 4 * width, width);
  }
  weights.dense("norm_out.linear", width, 2 * width);
  weights.dense("proj_out", width, patchSize);
}
