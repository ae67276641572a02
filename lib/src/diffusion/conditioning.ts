import * as tf from "@tensorflow/tfjs-core";
import { DataError } from "../errors.js";

/** The label that stands for "not said": what classifier-free guidance is trained with. */
export const nullLabel = -1;

/**
 * Labels on the engine in use, `[batch, factors]`, whole numbers.
 *
 * @param rows a row a sample: which class of every factor it has, or `nullLabel`
 * @param classes number of classes of every factor
 * @throws DataError `ERR_SHAPE_MISMATCH` for a row of another length, `ERR_INDEX_OUT_OF_RANGE` for a class that there
 *   is not: the network itself cannot look, and would take it for no label at all
 */
export function toLabels(rows: readonly ArrayLike<number>[], classes: readonly number[]): tf.Tensor2D {
  const flat = new Int32Array(rows.length * classes.length);
  for (const [sample, row] of rows.entries()) {
    if (row.length !== classes.length) {
      const message = `Sample ${sample} has ${row.length} labels; there are ${classes.length} factors.`;
      throw new DataError("ERR_SHAPE_MISMATCH", message);
    }
    for (const [factor, count] of classes.entries()) {
      const label = row[factor] as number;
      if (!Number.isInteger(label) || label < nullLabel || label >= count) {
        const message = `Sample ${sample} has the label ${label} for factor ${factor}, which has the classes 0 to ${count - 1}; ${nullLabel} stands for none.`;
        throw new DataError("ERR_INDEX_OUT_OF_RANGE", message);
      }
      flat[sample * classes.length + factor] = label;
    }
  }
  return tf.tensor2d(flat, [rows.length, classes.length], "int32");
}

/** Labels of samples about which nothing is said, `[batch, factors]`. */
export function noLabels(batch: number, factors: number): tf.Tensor2D {
  return tf.fill([batch, factors], nullLabel, "int32");
}

/**
 * Replaces labels by `nullLabel` with the given probability, so that the model learns to do without (Ho and Salimans
 * 2022, arXiv:2207.12598, algorithm 1).
 *
 * @param labels `[batch, factors]`
 * @param uniform in [0, 1): `[batch, 1]` to drop all labels of a sample together, `[batch, factors]` each by itself
 */
export function dropLabels(labels: tf.Tensor2D, uniform: tf.Tensor2D, probability: number): tf.Tensor2D {
  return tf.tidy(() => {
    const dropped = tf.logicalAnd(tf.less(uniform, probability), tf.onesLike(tf.cast(labels, "bool")));
    return tf.where(dropped, tf.fill(labels.shape, nullLabel, "int32"), labels) as tf.Tensor2D;
  });
}
