import * as tf from "@tensorflow/tfjs-core";
import { type Handle, ScalarType } from "../addon.js";
import type { TorchBackend } from "../backend.js";
import { operator } from "../operators.js";
import { float64, scalarTypeOf } from "../types.js";
import { defineKernel, type TensorList } from "./kernel.js";

const expand = operator("aten::expand");
const toType = operator("aten::to.dtype");

/** The tensor as if it had the shape to which it is broadcast; nothing is copied. */
function broadcast(torch: TorchBackend, tensor: tf.TensorInfo, shape: number[]): Handle {
  const handle = torch.handle(tensor);
  return tf.util.arraysEqual(tensor.shape, shape) ? handle : expand(handle, shape);
}

/** Operators of two tensors, and where there are any, of a tensor and a number and of a number and a tensor. */
interface Forms {
  tensors: string;
  withNumber?: string;
  numberWith?: string;
}

function defineArithmetic(name: string, { tensors, withNumber, numberWith }: Forms): void {
  const compute = operator(tensors);
  const computeWithNumber = withNumber && operator(withNumber);
  const computeNumberWith = numberWith && operator(numberWith);
  defineKernel<tf.BinaryInputs>(name, ({ a, b }, _, torch) => {
    const shape = tf.backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
    const dtype = tf.upcastType(a.dtype, b.dtype);
    const second = torch.constantOf(b);
    if (computeWithNumber && second !== undefined) {
      // The gradient of a sum is its product with ones; there is nothing to compute.
      if (name === tf.Multiply && second === 1)
        return torch.view(a, broadcast(torch, a, shape), shape, dtype);
      return torch.output(computeWithNumber(broadcast(torch, a, shape), second), shape, dtype);
    }
    const first = torch.constantOf(a);
    if (computeNumberWith && first !== undefined) {
      return torch.output(computeNumberWith(broadcast(torch, b, shape), first), shape, dtype);
    }
    return torch.output(compute(torch.handle(a), torch.handle(b)), shape, dtype);
  });
}

defineArithmetic(tf.Add, {
  tensors: "aten::add.Tensor",
  withNumber: "aten::add.Scalar",
  numberWith: "aten::add.Scalar",
});
defineArithmetic(tf.Sub, {
  tensors: "aten::sub.Tensor",
  withNumber: "aten::sub.Scalar",
  numberWith: "aten::rsub.Scalar",
});
defineArithmetic(tf.Multiply, {
  tensors: "aten::mul.Tensor",
  withNumber: "aten::mul.Scalar",
  numberWith: "aten::mul.Scalar",
});
defineArithmetic(tf.RealDiv, { tensors: "aten::div.Tensor", withNumber: "aten::div.Scalar" });
defineArithmetic(tf.Maximum, { tensors: "aten::maximum" });
defineArithmetic(tf.Minimum, { tensors: "aten::minimum" });
defineArithmetic(tf.Pow, { tensors: "aten::pow.Tensor_Tensor", withNumber: "aten::pow.Tensor_Scalar" });
defineArithmetic(tf.Atan2, { tensors: "aten::atan2" });

const subtract = operator("aten::sub.Tensor");
const square = operator("aten::square");
defineKernel<tf.SquaredDifferenceInputs>(tf.SquaredDifference, ({ a, b }, _, torch) => {
  const shape = tf.backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
  return torch.output(square(subtract(torch.handle(a), torch.handle(b))), shape, a.dtype);
});

/** Integers in float64: it holds them all exactly, and division by zero, which torch refuses for integers, ends well. */
function defineDivision(name: string, compute: (a: Handle, b: Handle) => Handle, isWhole: boolean): void {
  defineKernel<tf.BinaryInputs>(name, ({ a, b }, _, torch) => {
    const shape = tf.backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
    const dtype = isWhole ? "int32" : tf.upcastType(a.dtype, b.dtype);
    const [first, second] = [torch.handle(a), torch.handle(b)];
    if (dtype !== "int32") return torch.output(compute(first, second), shape, dtype);
    const result = compute(toType(first, float64), toType(second, float64));
    return torch.output(toType(result, ScalarType.int32), shape, dtype);
  });
}
const divide = operator("aten::div.Tensor_mode");
defineDivision(tf.FloorDiv, (a, b) => divide(a, b, "floor"), true);
/** The remainder has the sign of the divisor in both libraries. */
defineDivision(tf.Mod, operator("aten::remainder.Tensor"), false);

const bitwiseAnd = operator("aten::bitwise_and.Tensor");
defineKernel<tf.BitwiseAndInputs>(tf.BitwiseAnd, ({ a, b }, _, torch) =>
  torch.output(bitwiseAnd(torch.handle(a), torch.handle(b)), a.shape, a.dtype),
);

const add = operator("aten::add.Tensor");
defineKernel<TensorList>(tf.AddN, (tensors, _, torch) => {
  const [first, ...rest] = tensors as [tf.TensorInfo, ...tf.TensorInfo[]];
  const dtype = rest.reduce((type, { dtype }) => tf.upcastType(type, dtype), first.dtype);
  const sum = rest.reduce((total, tensor) => add(total, torch.handle(tensor)), torch.handle(first));
  return torch.output(toType(sum, scalarTypeOf(dtype)), first.shape, dtype);
});
