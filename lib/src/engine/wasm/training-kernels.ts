import * as tf from "@tensorflow/tfjs-core";
import { composeEinsum } from "../composed-einsum.js";
import { registerConvolutions } from "./convolutions.js";
import { registerDepthwiseConvolutions } from "./depthwise-convolutions.js";
import type { Helper } from "./helper.js";
import { replaceKernel } from "./kernel.js";
import { registerMatrixProducts } from "./matrix-products.js";
import { registerPooling } from "./pooling.js";
import { registerRearrangements } from "./rearrangements.js";
import { registerSums } from "./sums.js";

/**
 * Registers the kernels that the wasm backend lacks for training, or has only in a slow or wrong form, composed of
 * kernels that it has in a good one. Under their usual names, so that `tf.conv2d` and layers models train unchanged.
 */
export function registerTrainingKernels(helpers: readonly Helper[]): void {
  registerConvolutions(helpers);
  registerDepthwiseConvolutions();
  registerMatrixProducts();
  registerPooling();
  registerRearrangements();
  registerSums();
  // The backend's own reads beyond the tensor's end: what other tensors keep there.
  replaceKernel(tf.Slice, ({ inputs, attributes, original }) => {
    const x = inputs.x as tf.Tensor;
    const { begin, size } = attributes as unknown as tf.SliceAttrs;
    const [from, extent] = tf.slice_util.parseSliceParams(x, begin, size);
    tf.slice_util.assertParamsValid(x, from as number[], extent as number[]);
    return original();
  });
  // The backend's own makes a bound of what is not a number, and would hide a lost training.
  replaceKernel(tf.ClipByValue, ({ inputs, attributes, original }) => {
    const x = inputs.x as tf.Tensor;
    const { clipValueMin, clipValueMax } = attributes as unknown as tf.ClipByValueAttrs;
    if (x.dtype !== "float32") return original();
    return tf.minimum(tf.maximum(x, clipValueMin), clipValueMax);
  });
  replaceKernel(tf.Einsum, ({ inputs, attributes }) => {
    const { equation } = attributes as unknown as tf.EinsumAttrs;
    return composeEinsum(equation, Object.values(inputs));
  });
}
