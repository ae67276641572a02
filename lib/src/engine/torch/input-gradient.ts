import * as tf from "@tensorflow/tfjs-core";
import type { InputGradient } from "../engine.js";
import { ScalarType } from "./addon.js";
import { attempt } from "./backend.js";
import { backend, inMixedPrecision, recorded } from "./gradients.js";
import { inScope, operator, release } from "./operators.js";
import { runtime } from "./runtime.js";

const sum = operator("aten::sum");
const clone = operator("aten::clone");
const toType = operator("aten::to.dtype");

/** By autograd: inside of another recording the way back is recorded as well. */
export function inputGradient<Shape extends tf.Tensor>(
  f: (x: Shape) => tf.Tensor,
  x: Shape,
): InputGradient<Shape> {
  const torch = backend();
  return recorded(torch, (isNested) =>
    tf.tidy(() => {
      const point = stopGradient(x);
      runtime.addon.requireGradient(torch.handle(point));
      const value = differentiatedTwice(() => inMixedPrecision(() => f(point)));
      return attempt("inputGradient", { x, value }, () =>
        inScope(() => {
          const single = toType(torch.handle(value), ScalarType.float32);
          const [found = 0] = runtime.addon.gradients(sum(single), [torch.handle(point)], isNested);
          if (found === 0) throw new Error("Error in inputGradient: f(x) does not depend on x.");
          const gradient = torch.tensor<Shape>(torch.output(release(found), x.shape, "float32"));
          return { value, gradient };
        }),
      );
    }),
  );
}

/** Autograd's history ends; a parameter, which updates change in place, is copied. */
export function stopGradient<Shape extends tf.Tensor>(x: Shape): Shape {
  const torch = backend();
  return attempt("stopGradient", { x }, () =>
    inScope(() => {
      const handle = torch.handle(x);
      const own = torch.entry(x).mutable ? clone(handle) : handle;
      return torch.tensor<Shape>(torch.output(release(runtime.addon.detach(own)), x.shape, x.dtype));
    }),
  );
}

function differentiatedTwice<Result>(work: () => Result): Result {
  const before = runtime.recordingTwice;
  runtime.recordingTwice = true;
  try {
    return work();
  } finally {
    runtime.recordingTwice = before;
  }
}
