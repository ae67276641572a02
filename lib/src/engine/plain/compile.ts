import * as tf from "@tensorflow/tfjs-core";
import type { CompiledStep } from "../engine.js";

/** The step as it is, with the promises of a compiled one: what it makes is freed, what it returns is the caller's. */
export function compile<Inputs extends tf.NamedTensorMap, Outputs extends tf.NamedTensorMap>(
  step: (inputs: Inputs) => Outputs,
): CompiledStep<Inputs, Outputs> {
  const call = (inputs: Inputs): Outputs =>
    tf.tidy(() => {
      // Clones, because an output may be an input or a variable, and the caller will dispose of it.
      const outputs = Object.entries(step(inputs)).map(([name, tensor]) => [name, tf.clone(tensor)]);
      return Object.fromEntries(outputs) as Outputs;
    });
  return Object.assign(call, { captured: false, dispose() {} });
}
