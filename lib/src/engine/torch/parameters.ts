import type * as tf from "@tensorflow/tfjs-core";
import { channelsLast, type Handle } from "./addon.js";
import type { TorchBackend } from "./backend.js";
import type { Entry } from "./entry.js";
import { inScope, operator, release } from "./operators.js";
import { runtime } from "./runtime.js";
import { contiguous } from "./types.js";

const clone = operator("aten::clone");
const permute = operator("aten::permute");

/** Variables that `parameterHandle` has been asked for. */
const parameters = new WeakSet<tf.Variable>();

/**
 * A variable's handle, made ready for gradients and for updates in place: data of its own, in the order in memory in
 * which torch wants to have it. `[height, width, in, out]` filters are stored as `[out, height, width, in]`, which cuDNN
 * reads without a copy and in which it writes their gradients.
 */
export function parameterHandle(torch: TorchBackend, variable: tf.Variable): Handle {
  if (parameters.has(variable) && isSettled(torch, variable)) return torch.handle(variable);
  return inScope(() => {
    const ordered = inTorchOrder(torch.handle(variable), variable.shape);
    const entry = replaceData(torch, variable, release(runtime.addon.detach(ordered)));
    runtime.addon.requireGradient(entry.handle);
    parameters.add(variable);
    return entry.handle;
  });
}

/**
 * A variable's handle, with data of its own that can be updated in place. One that gradients can be asked for is made
 * ready for them at once: later it would get another place in memory, and a recorded step knows this one.
 */
export function settledHandle(torch: TorchBackend, variable: tf.Variable): Handle {
  if (parameters.has(variable) || variable.dtype === "float32") return parameterHandle(torch, variable);
  if (isSettled(torch, variable)) return torch.handle(variable);
  return inScope(() => replaceData(torch, variable, clone(torch.handle(variable))).handle);
}

/** Gives a variable the data of `handle`, and no other tensor that has shared its former data. */
export function replaceData(torch: TorchBackend, variable: tf.Variable, handle: Handle): Entry {
  const own = torch.tensor(torch.output(handle, variable.shape, variable.dtype));
  variable.assign(own);
  own.dispose();
  const entry = torch.entry(variable);
  entry.mutable = true;
  return entry;
}

/** Not where another variable has been assigned this one: that only shares the data, and has to keep its numbers. */
function isSettled(torch: TorchBackend, variable: tf.Variable): boolean {
  const { mutable, device, references } = torch.entry(variable);
  return mutable && device === runtime.device && references === 1;
}

function inTorchOrder(handle: Handle, shape: number[]): Handle {
  if (shape.length !== 4) return clone(handle, contiguous);
  return permute(clone(permute(handle, [3, 2, 0, 1]), channelsLast), [2, 3, 1, 0]);
}
