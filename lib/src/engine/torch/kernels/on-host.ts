// Registers TensorFlow.js's own CPU backend.
import "@tensorflow/tfjs";
import * as tf from "@tensorflow/tfjs-core";
import type { TorchBackend } from "../backend.js";

/** What is used here of TensorFlow.js's CPU backend. */
type HostBackend = tf.KernelBackend & {
  write(values: tf.backend_util.BackendValues, shape: number[], dtype: tf.DataType): tf.DataId;
  readSync(dataId: tf.DataId): tf.backend_util.BackendValues;
};

/**
 * Runs a kernel with TensorFlow.js's own implementation in JavaScript. For kernels of strings, and for those that are
 * about single numbers more than about arrays, such as choosing the best of overlapping boxes.
 */
export function runOnHost(
  kernelName: string,
  inputs: tf.NamedTensorInfoMap,
  attrs: tf.NamedAttrMap | undefined,
  torch: TorchBackend,
): tf.TensorInfo | tf.TensorInfo[] {
  const host = tf.findBackend("cpu") as HostBackend;
  const kernel = tf.getKernel(kernelName, "cpu");
  if (!host || !kernel) throw new Error(`Kernel "${kernelName}" does not take tensors of strings.`);

  const written: tf.DataId[] = [];
  const toHost = (info: tf.TensorInfo): tf.TensorInfo => {
    torch.entry(info); // brings it over from another backend
    const dataId = host.write(torch.readSync(info.dataId), info.shape, info.dtype);
    written.push(dataId);
    return { dataId, shape: info.shape, dtype: info.dtype };
  };
  const toTorch = ({ dataId, shape, dtype }: tf.TensorInfo): tf.TensorInfo => {
    const values = host.readSync(dataId);
    written.push(dataId);
    return { dataId: torch.write(values, shape, dtype), shape, dtype };
  };
  try {
    const result = kernel.kernelFunc({ inputs: mapInputs(inputs, toHost), attrs, backend: host });
    return Array.isArray(result) ? result.map(toTorch) : toTorch(result);
  } finally {
    for (const dataId of new Set(written)) host.disposeData(dataId, true);
  }
}

/** Inputs are tensors by name, a list of tensors, or lists of tensors by name. */
function mapInputs(
  inputs: tf.NamedTensorInfoMap,
  convert: (info: tf.TensorInfo) => tf.TensorInfo,
): tf.NamedTensorInfoMap {
  const convertAny = (input: unknown): unknown =>
    Array.isArray(input) ? input.map(convertAny) : input ? convert(input as tf.TensorInfo) : input;
  if (Array.isArray(inputs)) return convertAny(inputs) as tf.NamedTensorInfoMap;
  const entries = Object.entries(inputs).map(([name, input]) => [name, convertAny(input)]);
  return Object.fromEntries(entries);
}
