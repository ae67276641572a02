import * as tf from "@tensorflow/tfjs-core";
import { dense } from "../../nn/dense.js";
import { silu } from "../../nn/layers.js";
import { addDense, addVariable, type Parameters, requireParameter } from "../../nn/parameters.js";
import type { Random } from "../../random.js";
import { nullLabel } from "../conditioning.js";

/** What a network is told besides the noisy tensor. */
export interface EmbeddingConfig {
  /** Features of the embedding. */
  width: number;
  /** Number of classes of every factor that the network is conditioned on; empty for none. */
  classes: readonly number[];
}

/** Sines and cosines that describe the noise level, half of each. */
const levelFeatures = 256;
/** Levels between 0 and 1 count for as much as the steps 0 to 1000 of the first diffusion models. */
const levelScale = 1000;

/**
 * The frequencies of the level's features, `[levelFeatures / 2]`: geometric from 1 to 1/10,000 (Vaswani et al. 2017,
 * arXiv:1706.03762, section 3.5), times 1000. Made once, as nothing should be uploaded inside a compiled step.
 */
export function createFrequencies(): tf.Tensor1D {
  const half = levelFeatures / 2;
  return tf.tensor1d(
    Float32Array.from({ length: half }, (_, index) => levelScale * 10_000 ** (-index / half)),
  );
}

/** Draws the parameters of `embed`: two layers for the level, a table for every factor with a row for `nullLabel` first. */
export function addEmbedding(
  parameters: Parameters,
  random: Random,
  { width, classes }: EmbeddingConfig,
): void {
  addDense(parameters, random, "time_embedding.linear_1", levelFeatures, width);
  addDense(parameters, random, "time_embedding.linear_2", width, width);
  for (const [factor, count] of classes.entries()) {
    const rows = count + 1;
    const values = random.fillNormal(new Float32Array(rows * width)).map((value) => value * 0.02);
    addVariable(parameters, `class_embedding.${factor}.weight`, values, [rows, width]);
  }
}

/**
 * The noise level and the labels as one vector: an MLP of the level's features, plus a row of every factor's table
 * (DiT, Peebles and Xie 2023, arXiv:2212.09748, section 3.2; several factors simply add up), then SiLU, as every
 * layer that takes it begins with that.
 *
 * @param level `[batch]`
 * @param labels `[batch, factors]`; a label that there is not counts as no embedding at all
 * @returns `[batch, width]`
 */
export function embed(
  parameters: Parameters,
  frequencies: tf.Tensor1D,
  { classes }: EmbeddingConfig,
  level: tf.Tensor1D,
  labels: tf.Tensor2D | undefined,
): tf.Tensor2D {
  return tf.tidy(() => {
    const angles = tf.mul(tf.expandDims(level, 1), tf.expandDims(frequencies, 0)) as tf.Tensor2D;
    const features = tf.concat([tf.cos(angles), tf.sin(angles)], 1);
    const hidden = silu(dense(parameters, "time_embedding.linear_1", features));
    let sum = dense(parameters, "time_embedding.linear_2", hidden);
    if (labels) {
      const columns = tf.split(labels, classes.length, 1);
      for (const [factor, column] of columns.entries()) {
        const table = requireParameter(parameters, `class_embedding.${factor}.weight`) as tf.Tensor;
        const indices = tf.cast(tf.sub(tf.reshape(column, [-1]), nullLabel), "int32");
        // A product and not a look-up: its gradient is a product, too, and so the same in every run on a GPU.
        const rows = tf.oneHot(indices, table.shape[0] as number);
        sum = tf.add(sum, tf.matMul(tf.cast(rows, "float32") as tf.Tensor2D, table as tf.Tensor2D));
      }
    }
    return silu(sum);
  });
}
