import * as tf from "@tensorflow/tfjs-core";
import { StringsHaveNoHandle, type TorchBackend } from "../backend.js";
import { explainFailure } from "../failure.js";
import { inScope } from "../operators.js";
import { runOnHost } from "./on-host.js";

/** The inputs of a kernel as TensorFlow.js declares them, without its "may be undefined". */
type Given<Inputs> = Inputs extends tf.TensorInfo[]
  ? Inputs
  : { [Name in keyof Inputs]: Exclude<Inputs[Name], undefined> };

/**
 * Defines what a kernel of TensorFlow.js does on this engine. Handles that operators return in `run` are freed at its
 * end, unless they have become outputs.
 *
 * Handles exist for numbers alone. A kernel that asks for that of a tensor of strings (`tf.concat`, `tf.equal`) is
 * stopped, and done again on the host.
 */
export function defineKernel<Inputs extends object, Attributes extends object = object>(
  kernelName: string,
  run: (
    inputs: Given<Inputs>,
    attributes: Attributes,
    torch: TorchBackend,
  ) => tf.TensorInfo | tf.TensorInfo[],
): void {
  const kernelFunc: tf.KernelFunc = ({ inputs, attrs, backend }) => {
    const torch = backend as TorchBackend;
    try {
      return inScope(() => run(inputs as Given<Inputs>, attrs as unknown as Attributes, torch));
    } catch (error) {
      if (error instanceof StringsHaveNoHandle) return runOnHost(kernelName, inputs, attrs, torch);
      throw explainFailure(error, kernelName, inputs);
    }
  };
  tf.registerKernel({ kernelName, backendName: "torch", kernelFunc });
}

/** The kernel's inputs, where they are an array. */
export type TensorList = tf.TensorInfo[];
