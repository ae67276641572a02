import util from "node:util";
import * as tf from "@tensorflow/tfjs-core";
import { rememberConstants } from "./constants.js";
import type { Installation } from "./installations.js";

/** What is used here of tfjs-node's modules, which come without the project's dependencies and so without types. */
export interface Binding {
  TF_Version: string;
  TF_FLOAT: number;
  TF_ATTR_STRING: number;
  TF_ATTR_INT: number;
  TF_ATTR_BOOL: number;
  TF_ATTR_TYPE: number;
  isUsingGpuDevice(): boolean;
  /** Uploads; returns the tensor's number. */
  createTensor(
    shape: number[],
    type: number,
    values: Float32Array | Int32Array | Uint8Array | unknown[],
  ): number;
  deleteTensor(tensor: number): void;
}

/** An attribute of a TensorFlow operation; `type` is one of the binding's `TF_ATTR_...`. */
export interface OperationAttribute {
  name: string;
  type: number;
  value: string | number | boolean | number[];
}

/** tfjs-node's backend: it can run any TensorFlow operation by its name. */
export interface NodeBackend extends tf.KernelBackend {
  readonly binding: Binding;
  executeSingleOutput(name: string, attributes: OperationAttribute[], inputs: tf.TensorInfo[]): tf.Tensor;
  executeMultipleOutputs(
    name: string,
    attributes: OperationAttribute[],
    inputs: tf.TensorInfo[],
    outputs: number,
  ): tf.Tensor[];
}

interface BackendModule {
  NodeJSKernelBackend: new (binding: Binding, packageName: string) => NodeBackend;
}

/** Loads TensorFlow's library into this process, where it stays, and registers the backend `tensorflow`. */
export function loadBackend({ require, binding: file, package: name }: Installation): Binding {
  // Errors only. One line about oneDNN comes all the same: TensorFlow writes it before it reads this.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";
  // TensorFlow itself switches oneDNN's kernels on for newer processors only. Without them dilated depthwise
  // convolutions and pictures in NCHW order are missing.
  process.env.TF_ENABLE_ONEDNN_OPTS ??= "1";
  restoreRemovedUtilities();
  const binding = rememberConstants(require(file));
  // Its modules one by one and not its index.js: that looks for the binding with a tool that we do not install.
  const { NodeJSKernelBackend }: BackendModule = require(`${name}/dist/nodejs_kernel_backend`);
  require(`${name}/dist/register_all_kernels`);
  tf.registerBackend("tensorflow", () => namingOperations(new NodeJSKernelBackend(binding, name)));
  return binding;
}

/** Wrong shapes are seen by TensorFlow itself, whose messages begin with "Invalid TF_Status: 3" and often name no operation. */
function namingOperations(backend: NodeBackend): NodeBackend {
  const explain = (error: unknown, name: string, inputs: tf.TensorInfo[]): Error => {
    const message = error instanceof Error ? error.message : String(error);
    const operands = inputs.map(({ dtype, shape }) => `${dtype} [${shape}]`).join(", ");
    const reason = message.replace(/^Invalid TF_Status: \d+\s*(Message: )?/, "");
    return new Error(`Error in ${name} of ${operands || "no tensors"}: ${reason}`, { cause: error });
  };
  const single = backend.executeSingleOutput.bind(backend);
  const multiple = backend.executeMultipleOutputs.bind(backend);
  backend.executeSingleOutput = (name, attributes, inputs) => {
    try {
      return single(name, attributes, inputs);
    } catch (error) {
      throw explain(error, name, inputs);
    }
  };
  backend.executeMultipleOutputs = (name, attributes, inputs, outputs) => {
    try {
      return multiple(name, attributes, inputs, outputs);
    } catch (error) {
      throw explain(error, name, inputs);
    }
  };
  return backend;
}

/** tfjs-node 4.22.0 calls two functions of `util` that Node 22 warns of and Node 23 no longer has. */
function restoreRemovedUtilities(): void {
  const legacy = util as unknown as Record<string, unknown>;
  legacy.isNullOrUndefined = (value: unknown) => value === null || value === undefined;
  legacy.isArray = Array.isArray;
}
