import * as tf from "@tensorflow/tfjs-core";
import type { NodeBackend, OperationAttribute } from "./binding.js";

const backendName = "tensorflow";

export function floatType({ binding }: NodeBackend): OperationAttribute {
  return { name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
}

export function text({ binding }: NodeBackend, name: string, value: string): OperationAttribute {
  return { name, type: binding.TF_ATTR_STRING, value };
}

/**
 * A kernel by TensorFlow's operations. Inputs are real tensors, although TensorFlow.js's type of kernels promises only a
 * description; what is made on the way is freed. Where it returns nothing, tfjs-node's own kernel does the work.
 */
export type Kernel = (
  backend: NodeBackend,
  inputs: Record<string, tf.Tensor | undefined>,
  attributes: tf.NamedAttrMap,
) => tf.Tensor | undefined;

export function replaceKernel(kernelName: string, kernel: Kernel): void {
  const original = tf.getKernel(kernelName, backendName);
  if (original) tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({
    ...original,
    kernelName,
    backendName,
    kernelFunc: (call) =>
      tf.tidy(() => {
        const inputs = call.inputs as Record<string, tf.Tensor | undefined>;
        const result = kernel(call.backend as NodeBackend, inputs, call.attrs ?? {});
        return result ?? (original?.kernelFunc(call) as tf.Tensor);
      }),
  });
}
