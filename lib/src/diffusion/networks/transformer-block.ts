import * as tf from "@tensorflow/tfjs-core";
import { multiHeadAttention } from "../../nn/attention.js";
import { dense } from "../../nn/dense.js";
import { normaliseRows } from "../../nn/layer-norm.js";
import { silu } from "../../nn/layers.js";
import { addDense, addVariable, type Parameters, requireParameter } from "../../nn/parameters.js";
import type { Random } from "../../random.js";
import { setToZero } from "./variables.js";

export interface BlockConfig {
  /** Features of a token. */
  width: number;
  heads: number;
  /** Hidden features of the MLP, as a multiple of `width`. */
  mlpRatio: number;
  /** Whether queries and keys are normalised in every head: training stays stable at high learning rates. */
  qkNorm: boolean;
}

/** Draws the parameters of a block. All blocks start as the identity: adaLN-zero. */
export function addTransformerBlock(
  parameters: Parameters,
  random: Random,
  name: string,
  { width, heads, mlpRatio, qkNorm }: BlockConfig,
): void {
  addDense(parameters, random, `${name}.norm1.linear`, width, 6 * width);
  setToZero(parameters, `${name}.norm1.linear`);
  addDense(parameters, random, `${name}.attn.to_qkv`, width, 3 * width);
  if (qkNorm) {
    const size = width / heads;
    for (const norm of ["norm_q", "norm_k"]) {
      addVariable(parameters, `${name}.attn.${norm}.weight`, new Float32Array(size).fill(1), [size]);
    }
  }
  addDense(parameters, random, `${name}.attn.to_out.0`, width, width);
  const hidden = Math.round(mlpRatio * width);
  addDense(parameters, random, `${name}.ff.net.0.proj`, width, hidden);
  addDense(parameters, random, `${name}.ff.net.2`, hidden, width);
}

/**
 * One block of DiT (Peebles and Xie 2023, arXiv:2212.09748, figure 3): attention and MLP, each behind a layer norm
 * that the embedding shifts and scales, and each times a gate. The MLP has SiLU where DiT has GELU.
 *
 * @param tokens `[batch, tokens, width]`
 * @param embedding `[batch, width]`
 * @returns the shape of `tokens`
 */
export function transformerBlock(
  parameters: Parameters,
  name: string,
  { heads }: BlockConfig,
  tokens: tf.Tensor3D,
  embedding: tf.Tensor2D,
): tf.Tensor3D {
  return tf.tidy(() => {
    const [shift1, scale1, gate1, shift2, scale2, gate2] = modulation(
      parameters,
      `${name}.norm1.linear`,
      embedding,
      6,
    ) as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D, tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
    const attended = selfAttention(parameters, `${name}.attn`, modulate(tokens, shift1, scale1), heads);
    const middle: tf.Tensor3D = tf.add(tokens, tf.mul(gate1, attended));
    const hidden = silu(dense(parameters, `${name}.ff.net.0.proj`, modulate(middle, shift2, scale2)));
    return tf.add(middle, tf.mul(gate2, dense(parameters, `${name}.ff.net.2`, hidden)));
  });
}

/** `[batch, width]` to `count` tensors `[batch, 1, width]`. */
export function modulation(
  parameters: Parameters,
  name: string,
  embedding: tf.Tensor2D,
  count: number,
): tf.Tensor[] {
  return tf.split(tf.expandDims(dense(parameters, name, embedding), 1), count, 2);
}

/** adaLN: a layer norm whose gain and offset come from the embedding. */
export function modulate(tokens: tf.Tensor3D, shift: tf.Tensor, scale: tf.Tensor): tf.Tensor3D {
  return tf.add(tf.mul(normaliseRows(tokens, 1e-6), tf.add(scale, 1)), shift);
}

function selfAttention(
  parameters: Parameters,
  name: string,
  tokens: tf.Tensor3D,
  heads: number,
): tf.Tensor3D {
  const parts = tf.split(dense(parameters, `${name}.to_qkv`, tokens), 3, 2) as tf.Tensor3D[];
  const [query, key, value] = parts as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
  const normalised = (x: tf.Tensor3D, norm: string) =>
    `${name}.${norm}.weight` in parameters ? normaliseHeads(parameters, `${name}.${norm}`, x, heads) : x;
  const attended = multiHeadAttention(normalised(query, "norm_q"), normalised(key, "norm_k"), value, heads);
  return dense(parameters, `${name}.to_out.0`, attended);
}

/** RMS normalisation of every head's features, with gains that the heads share (as in SD3, Esser et al. 2024, arXiv:2403.03206). */
function normaliseHeads(parameters: Parameters, name: string, x: tf.Tensor3D, heads: number): tf.Tensor3D {
  const gain = requireParameter(parameters, `${name}.weight`);
  const [batch, tokens, width] = x.shape;
  const split = tf.reshape(x, [batch, tokens, heads, width / heads]);
  const inverseRms = tf.rsqrt(tf.add(tf.mean(tf.square(split), 3, true), 1e-6));
  return tf.reshape(tf.mul(tf.mul(split, inverseRms), gain), x.shape);
}
