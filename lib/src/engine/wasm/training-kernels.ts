import * as tf from "@tensorflow/tfjs-core";
import { composeEinsum } from "../composed-einsum.js";
import { registerConvolutions } from "./convolutions.js";
import { replaceKernel } from "./kernel.js";
import { registerMatrixProducts } from "./matrix-products.js";
import { registerPooling } from "./pooling.js";
import { registerRearrangements } from "./rearrangements.js";
import { registerSums } from "./sums.js";

/**
 * Registers the kernels that the wasm backend lacks for training, or has only in a slow or wrong form, composed of
 * kernels that it has in a good one. Under their usual names, so that `tf.conv2d` and layers models train unchanged.
 */
export function registerTrainingKernels(): void {
  registerConvolutions();
  registerMatrixProducts();
  registerPooling();
  registerRearrangements();
  registerSums();
  replaceKernel(tf.Einsum, ({ inputs, attributes }) => {
    const { equation } = attributes as unknown as tf.EinsumAttrs;
    return composeEinsum(equation, Object.values(inputs));
  });
}
