import * as tf from "@tensorflow/tfjs-core";
import { type Parameters, requireParameter } from "../../nn/parameters.js";

/** Makes a layer return zeros: what it is added to, or gates, is left as it is until training has moved it. */
export function setToZero(parameters: Parameters, name: string): void {
  for (const part of ["weight", "bias"]) {
    const variable = requireParameter(parameters, `${name}.${part}`);
    tf.tidy(() => variable.assign(tf.zeros(variable.shape)));
  }
}
