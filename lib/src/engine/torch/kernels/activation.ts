import type * as tf from "@tensorflow/tfjs-core";
import type { Handle } from "../addon.js";
import { operator } from "../operators.js";

const functions = {
  relu: operator("aten::relu"),
  relu6: operator("aten::relu6"),
  elu: operator("aten::elu"),
  sigmoid: operator("aten::sigmoid"),
  leakyrelu: operator("aten::leaky_relu"),
};
const isAbove = operator("aten::gt.Scalar");
const multiply = operator("aten::mul.Tensor");
const where = operator("aten::where.self");

/** Applies the activation that a fused kernel asks for; `slopes` are those of "prelu". */
export function activate(
  x: Handle,
  { activation, leakyreluAlpha }: Pick<tf.FusedConv2DAttrs, "activation" | "leakyreluAlpha">,
  slopes: Handle | undefined,
): Handle {
  switch (activation) {
    case undefined:
    case null:
    case "linear":
      return x;
    case "prelu":
      return where(isAbove(x, 0), x, multiply(x, slopes as Handle));
    case "leakyrelu":
      return functions.leakyrelu(x, leakyreluAlpha ?? 0.2);
    default:
      if (!(activation in functions)) throw new Error(`There is no fused activation "${activation}".`);
      return functions[activation as keyof typeof functions](x);
  }
}
