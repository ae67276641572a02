import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";

const backendName = "wasm";

export interface KernelCall {
  /** Real tensors, although TensorFlow.js's type of kernels promises only a description. */
  inputs: Record<string, tf.Tensor>;
  attributes: tf.NamedAttrMap;
  backend: BackendWasm;
  /** The backend's own kernel, with these or with other arguments. */
  original(changes?: { inputs?: Record<string, tf.Tensor>; attributes?: tf.NamedAttrMap }): tf.Tensor;
}

/** Puts a kernel in the place of the backend's own, or where it has none. What it makes on the way is freed. */
export function replaceKernel<Result extends tf.Tensor | tf.TensorInfo | tf.TensorInfo[]>(
  kernelName: string,
  kernel: (call: KernelCall) => Result,
): void {
  const config = tf.getKernel(kernelName, backendName);
  if (config) tf.unregisterKernel(kernelName, backendName);
  const kernelFunc: tf.KernelFunc = (call) => {
    const inputs = call.inputs as Record<string, tf.Tensor>;
    const attributes = call.attrs ?? {};
    const original: KernelCall["original"] = (changes = {}) => {
      if (!config) throw new Error(`The wasm backend has no kernel ${kernelName} for this.`);
      const result = config.kernelFunc({
        backend: call.backend,
        inputs: changes.inputs ?? inputs,
        attrs: changes.attributes ?? attributes,
      }) as tf.TensorInfo | tf.TensorInfo[];
      return (Array.isArray(result) ? result.map(toTensor) : toTensor(result)) as tf.Tensor;
    };
    return tf.tidy(
      () => kernel({ inputs, attributes, backend: call.backend as BackendWasm, original }) as tf.Tensor,
    );
  };
  tf.registerKernel({ ...config, kernelName, backendName, kernelFunc });
}

/** From now on freed like any other tensor. */
function toTensor(info: tf.TensorInfo): tf.Tensor {
  return info instanceof tf.Tensor ? info : tf.engine().makeTensorFromTensorInfo(info);
}

/** The memory of a tensor. To be asked for after the last allocation: that may move the heap. */
export function valuesOf(
  backend: BackendWasm,
  tensor: tf.TensorInfo,
): Float32Array | Int32Array | Uint8Array {
  return backend.typedArrayFromHeap(tensor) as Float32Array;
}
