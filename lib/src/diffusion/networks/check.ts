import type * as tf from "@tensorflow/tfjs-core";
import { DataError } from "../../errors.js";

/** Throws DataError `ERR_SHAPE_MISMATCH` unless the labels are there exactly where the network has factors. */
export function requireLabels(labels: tf.Tensor | undefined, batch: number, factors: number): void {
  if (labels ? labels.shape.join() === [batch, factors].join() && factors > 0 : factors === 0) return;
  const given = labels ? `of shape [${labels.shape.join(", ")}]` : "missing";
  const wanted = factors > 0 ? `labels [${batch}, ${factors}]` : "no labels";
  throw new DataError("ERR_SHAPE_MISMATCH", `The network takes ${wanted} here; the labels are ${given}.`);
}

/** Throws DataError `ERR_SHAPE_MISMATCH` unless there is one noise level a sample. */
export function requireLevels(level: tf.Tensor, batch: number): void {
  if (level.rank === 1 && level.shape[0] === batch) return;
  throw new DataError(
    "ERR_SHAPE_MISMATCH",
    `The network takes one time a sample, [${batch}]; these are [${level.shape.join(", ")}].`,
  );
}
