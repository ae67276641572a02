import * as tf from "@tensorflow/tfjs-core";
import { ScalarType } from "../addon.js";
import { operator } from "../operators.js";
import { scalarTypeOf } from "../types.js";
import { defineKernel } from "./kernel.js";

/** Functions of one number to a real number; torch computes those of integers in float32, as TensorFlow.js does. */
const realFunctions: Record<string, string> = {
  [tf.Acos]: "aten::acos",
  [tf.Acosh]: "aten::acosh",
  [tf.Asin]: "aten::asin",
  [tf.Asinh]: "aten::asinh",
  [tf.Atan]: "aten::atan",
  [tf.Atanh]: "aten::atanh",
  [tf.Cos]: "aten::cos",
  [tf.Cosh]: "aten::cosh",
  [tf.Erf]: "aten::erf",
  [tf.Exp]: "aten::exp",
  [tf.Expm1]: "aten::expm1",
  [tf.Log]: "aten::log",
  [tf.Log1p]: "aten::log1p",
  [tf.Reciprocal]: "aten::reciprocal",
  [tf.Rsqrt]: "aten::rsqrt",
  [tf.Sigmoid]: "aten::sigmoid",
  [tf.Sin]: "aten::sin",
  [tf.Sinh]: "aten::sinh",
  [tf.Sqrt]: "aten::sqrt",
  [tf.Tan]: "aten::tan",
  [tf.Tanh]: "aten::tanh",
};
for (const [name, signature] of Object.entries(realFunctions)) {
  const compute = operator(signature);
  defineKernel<tf.UnaryInputs>(name, ({ x }, _, torch) => {
    return torch.output(compute(torch.handle(x)), x.shape, x.dtype === "complex64" ? x.dtype : "float32");
  });
}

/** Functions of one number that keep its type. */
const sameTypeFunctions: Record<string, string> = {
  [tf.Abs]: "aten::abs",
  [tf.Ceil]: "aten::ceil",
  [tf.Floor]: "aten::floor",
  [tf.Neg]: "aten::neg",
  [tf.Relu]: "aten::relu",
  [tf.Relu6]: "aten::relu6",
  // Both libraries round halves to the even neighbour.
  [tf.Round]: "aten::round",
  [tf.Sign]: "aten::sign",
  [tf.Square]: "aten::square",
};
for (const [name, signature] of Object.entries(sameTypeFunctions)) {
  const compute = operator(signature);
  defineKernel<tf.UnaryInputs>(name, ({ x }, _, torch) =>
    torch.output(compute(torch.handle(x)), x.shape, x.dtype),
  );
}

/** Activations, defined for real numbers alone. */
const activations: Record<string, string> = {
  [tf.Elu]: "aten::elu",
  [tf.Selu]: "aten::selu",
  [tf.Softplus]: "aten::softplus",
};
const toType = operator("aten::to.dtype");
for (const [name, signature] of Object.entries(activations)) {
  const compute = operator(signature);
  defineKernel<tf.UnaryInputs>(name, ({ x }, _, torch) => {
    const real = x.dtype === "float32" ? torch.handle(x) : toType(torch.handle(x), ScalarType.float32);
    return torch.output(compute(real), x.shape, "float32");
  });
}

const tests: Record<string, string> = {
  [tf.IsFinite]: "aten::isfinite",
  [tf.IsInf]: "aten::isinf",
  [tf.IsNan]: "aten::isnan",
  [tf.LogicalNot]: "aten::logical_not",
};
for (const [name, signature] of Object.entries(tests)) {
  const test = operator(signature);
  defineKernel<tf.UnaryInputs>(name, ({ x }, _, torch) =>
    torch.output(test(torch.handle(x)), x.shape, "bool"),
  );
}

const leakyRelu = operator("aten::leaky_relu");
defineKernel<tf.LeakyReluInputs, tf.LeakyReluAttrs>(tf.LeakyRelu, ({ x }, { alpha }, torch) => {
  const real = x.dtype === "float32" ? torch.handle(x) : toType(torch.handle(x), ScalarType.float32);
  return torch.output(leakyRelu(real, alpha), x.shape, "float32");
});

const eluGradient = operator("aten::elu_backward");
defineKernel<tf.EluGradInputs>(tf.EluGrad, ({ dy, y }, _, torch) =>
  torch.output(eluGradient(torch.handle(dy), 1, 1, 1, true, torch.handle(y)), y.shape, "float32"),
);

const clamp = operator("aten::clamp");
defineKernel<tf.ClipByValueInputs, tf.ClipByValueAttrs>(tf.ClipByValue, ({ x }, attributes, torch) => {
  const { clipValueMin, clipValueMax } = attributes;
  const clipped = clamp(torch.handle(x), clipValueMin, clipValueMax);
  // Bounds with a fraction make torch return a real number.
  const result = x.dtype === "int32" ? toType(clipped, ScalarType.int32) : clipped;
  return torch.output(result, x.shape, x.dtype);
});

const greaterThan = operator("aten::gt.Scalar");
const isNan = operator("aten::isnan");
const choose = operator("aten::where.ScalarSelf");
const chooseScalars = operator("aten::where.Scalar");
/** 1 above zero, `alpha` elsewhere, not a number where x is none. */
defineKernel<tf.StepInputs, tf.StepAttrs>(tf.Step, ({ x }, { alpha }, torch) => {
  const handle = torch.handle(x);
  const step = toType(chooseScalars(greaterThan(handle, 0), 1, alpha), scalarTypeOf(x.dtype));
  const result = x.dtype === "float32" ? choose(isNan(handle), Number.NaN, step) : step;
  return torch.output(result, x.shape, x.dtype);
});

const greater = operator("aten::gt.Scalar");
const multiply = operator("aten::mul.Tensor");
const where = operator("aten::where.self");
defineKernel<tf.PreluInputs>(tf.Prelu, ({ x, alpha }, _, torch) => {
  const handle = torch.handle(x);
  const scaled = multiply(handle, torch.handle(alpha));
  return torch.output(where(greater(handle, 0), handle, scaled), x.shape, "float32");
});
