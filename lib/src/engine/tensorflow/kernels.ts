import type * as tf from "@tensorflow/tfjs-core";
import { floatType, replaceKernel } from "./operations.js";

/** Kernels that TensorFlow has in one operation and tfjs-node composes of many. */
export function registerDirectKernels(): void {
  replaceKernel("ReluGrad", (backend, { dy, y }) =>
    backend.executeSingleOutput("ReluGrad", [floatType(backend)], [dy, y] as tf.Tensor[]),
  );
}
