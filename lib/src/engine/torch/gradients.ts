import * as tf from "@tensorflow/tfjs-core";
import type { Parameters } from "../../nn/parameters.js";
import type { ValueAndGradients } from "../engine.js";
import { ScalarType } from "./addon.js";
import { attempt, type TorchBackend } from "./backend.js";
import { inScope, release } from "./operators.js";
import { parameterHandle } from "./parameters.js";
import { runtime } from "./runtime.js";

/** The backend in use; only called while this engine is in use. */
export const backend = () => tf.backend() as TorchBackend;

/**
 * The loss by the TensorFlow.js API, its gradients by torch's autograd, which records the operators below the kernels.
 * TensorFlow.js's own tape is not on, so `tf.customGrad` counts for nothing: the derivative is that of its forward pass.
 */
export function valueAndGradients(loss: () => tf.Scalar, parameters: Parameters): ValueAndGradients {
  const torch = backend();
  const handles = Object.values(parameters).map((variable) => parameterHandle(torch, variable));
  return recorded(torch, (isNested) => {
    const value = inMixedPrecision(() => tf.tidy(() => checked(loss())));
    try {
      return attempt("gradients", { loss: value }, () => {
        const found = runtime.addon.gradients(torch.handle(value), handles, isNested);
        return { value, gradients: inScope(() => nameGradients(torch, parameters, found)) };
      });
    } catch (error) {
      value.dispose();
      throw error;
    }
  });
}

function nameGradients(
  torch: TorchBackend,
  parameters: Parameters,
  handles: number[],
): Record<string, tf.Tensor> {
  const gradients: Record<string, tf.Tensor> = {};
  for (const handle of handles) if (handle !== 0) release(handle);
  for (const [index, [name, variable]] of Object.entries(parameters).entries()) {
    const handle = handles[index] as number;
    if (handle === 0) continue;
    const info = torch.output(handle, variable.shape, variable.dtype);
    torch.entry(info).isGradient = true;
    gradients[name] = torch.tensor(info);
  }
  return gradients;
}

/** Lets autograd record what `work` computes. Inside of another recording its results can be differentiated again. */
export function recorded<Result>(torch: TorchBackend, work: (isNested: boolean) => Result): Result {
  const isNested = runtime.recording;
  if (isNested) return work(true);
  const before = runtime.addon.recordGradients(true);
  runtime.recording = true;
  try {
    return work(false);
  } finally {
    runtime.recording = false;
    runtime.addon.recordGradients(before);
    torch.endRecording();
  }
}

/** bfloat16 where the precision asks for it. Ends before the gradients: autograd remembers who computed in what. */
export function inMixedPrecision<Result>(work: () => Result): Result {
  if (runtime.precision !== "bfloat16" || mixed) return work();
  mixed = true;
  runtime.addon.autocast(runtime.device, ScalarType.bfloat16);
  try {
    return work();
  } finally {
    mixed = false;
    runtime.addon.autocast(runtime.device, null);
  }
}
let mixed = false;

function checked(value: tf.Scalar): tf.Scalar {
  const isScalar = value instanceof tf.Tensor && value.rank === 0 && value.dtype === "float32";
  if (isScalar) return value;
  const what =
    value instanceof tf.Tensor
      ? `a ${value.dtype} tensor of shape [${value.shape.join(", ")}]`
      : typeof value;
  throw new Error(`The loss has to return a scalar of type float32, not ${what}.`);
}
