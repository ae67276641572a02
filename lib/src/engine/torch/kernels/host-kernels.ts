import * as tf from "@tensorflow/tfjs-core";
import { defineKernel } from "./kernel.js";
import { runOnHost } from "./on-host.js";

/** Done by TensorFlow.js's own code in JavaScript: each reads its inputs back, so none belongs into a training step. */
const hostKernels = [
  // Strings
  tf.StaticRegexReplace,
  tf.StringNGrams,
  tf.StringSplit,
  tf.StringToHashBucketFast,
  // Results whose shape depends on the values
  tf.Bincount,
  tf.BroadcastArgs,
  tf.DenseBincount,
  tf.RaggedGather,
  tf.RaggedRange,
  tf.RaggedTensorToTensor,
  tf.SparseFillEmptyRows,
  tf.SparseReshape,
  tf.SparseSegmentMean,
  tf.SparseSegmentSum,
  tf.Unique,
  // Boxes in pictures
  tf.CropAndResize,
  tf.NonMaxSuppressionV3,
  tf.NonMaxSuppressionV4,
  tf.NonMaxSuppressionV5,
  tf.RotateWithOffset,
  tf.Transform,
  // The same seed draws the same numbers on every engine
  tf.Multinomial,
];

for (const kernelName of hostKernels) {
  defineKernel<tf.NamedTensorInfoMap, tf.NamedAttrMap & object>(kernelName, (inputs, attributes, torch) =>
    runOnHost(kernelName, inputs as tf.NamedTensorInfoMap, attributes, torch),
  );
}
