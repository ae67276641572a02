import type { Handle } from "../addon.js";
import { operator, release } from "../operators.js";
import { runtime } from "../runtime.js";

const multiply = operator("aten::mul.Tensor");
const alias = operator("aten::alias");
const total = operator("aten::sum");

/**
 * The gradient of a kernel by torch's autograd: `forward` is done again and recorded. For the gradients of
 * TensorFlow.js's tape whose forward kernels are composed of several operators; under `valueAndGradients` they are not
 * called, because there autograd has recorded the forward pass itself.
 *
 * @param dy gradient of `forward`'s result
 * @returns the gradient with respect to `x`
 */
export function gradientOf(forward: (x: Handle) => Handle, x: Handle, dy: Handle): Handle {
  const { addon, recording } = runtime;
  const before = addon.recordGradients(true);
  try {
    // Under autograd the gradient may itself be differentiated, so the history of x stays.
    const input = recording ? alias(x) : release(addon.detach(x));
    addon.requireGradient(input);
    const weighted = total(multiply(forward(input), dy));
    return release(addon.gradients(weighted, [input], recording)[0] as Handle);
  } finally {
    addon.recordGradients(before);
  }
}
