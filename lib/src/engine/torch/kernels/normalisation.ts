import * as tf from "@tensorflow/tfjs-core";
import type { Handle } from "../addon.js";
import { operator } from "../operators.js";
import { defineKernel } from "./kernel.js";
import { gradientOf } from "./vector-jacobian.js";

const subtract = operator("aten::sub.Tensor");
const multiply = operator("aten::mul.Tensor");
const add = operator("aten::add.Tensor");
const addNumber = operator("aten::add.Scalar");
const multiplyNumber = operator("aten::mul.Scalar");
const inverseRoot = operator("aten::rsqrt");

/** `(x - mean) / sqrt(variance + epsilon) * scale + offset`; all of them broadcast to `x`. */
defineKernel<tf.FusedBatchNormInputs, tf.FusedBatchNormAttrs>(
  tf.FusedBatchNorm,
  (inputs, attributes, torch) => {
    const { x, mean, variance, scale, offset } = inputs;
    const inverse = inverseRoot(addNumber(torch.handle(variance), attributes.varianceEpsilon));
    const gain = scale ? multiply(inverse, torch.handle(scale)) : inverse;
    const normalised = multiply(subtract(torch.handle(x), torch.handle(mean)), gain);
    return torch.output(offset ? add(normalised, torch.handle(offset)) : normalised, x.shape, "float32");
  },
);

const pad = operator("aten::constant_pad_nd");
const unfold = operator("aten::unfold");
const square = operator("aten::square");
const sum = operator("aten::sum.dim_IntList");
const power = operator("aten::pow.Tensor_Scalar");

/** `x / (bias + alpha * sum of squares of the neighbouring channels) ^ beta` (Krizhevsky et al. 2012). */
const normaliseResponse =
  ({ depthRadius, bias, alpha, beta }: tf.LRNAttrs) =>
  (x: Handle): Handle => {
    const neighbours = unfold(pad(square(x), [depthRadius, depthRadius], 0), 3, 2 * depthRadius + 1, 1);
    const squares = sum(neighbours, [4], false);
    return multiply(x, power(addNumber(multiplyNumber(squares, alpha), bias), -beta));
  };

defineKernel<tf.LRNInputs, tf.LRNAttrs>(tf.LRN, ({ x }, attributes, torch) =>
  torch.output(normaliseResponse(attributes)(torch.handle(x)), x.shape, "float32"),
);

defineKernel<tf.LRNGradInputs, tf.LRNGradAttrs>(tf.LRNGrad, ({ x, dy }, attributes, torch) => {
  const gradient = gradientOf(normaliseResponse(attributes), torch.handle(x), torch.handle(dy));
  return torch.output(gradient, x.shape, "float32");
});
