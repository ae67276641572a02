import * as tf from "@tensorflow/tfjs-core";
import type { Handle } from "../addon.js";
import type { TorchBackend } from "../backend.js";
import { operator } from "../operators.js";
import { runtime } from "../runtime.js";
import { float64, scalarTypeOf } from "../types.js";
import { activate } from "./activation.js";
import { defineKernel, type TensorList } from "./kernel.js";

const swapAxes = operator("aten::transpose.int");
const multiply = operator("aten::matmul");
const toType = operator("aten::to.dtype");

function product(
  torch: TorchBackend,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  attributes: tf.BatchMatMulAttrs,
): Handle {
  const factor = (tensor: tf.TensorInfo, isTransposed: boolean) => {
    const handle = torch.handle(tensor);
    // GPUs multiply no matrices of integers; float64 holds them exactly.
    const real = tensor.dtype === "int32" && runtime.device === "cuda" ? toType(handle, float64) : handle;
    return isTransposed ? swapAxes(real, -2, -1) : real;
  };
  const result = multiply(factor(a, attributes.transposeA), factor(b, attributes.transposeB));
  return a.dtype === "int32" ? toType(result, scalarTypeOf(a.dtype)) : result;
}

/** `[..., rows, inner] x [..., inner, columns]`; the axes before the last two are broadcast. */
function productShape(a: tf.TensorInfo, b: tf.TensorInfo, attributes: tf.BatchMatMulAttrs): number[] {
  const rows = a.shape.at(attributes.transposeA ? -1 : -2) as number;
  const columns = b.shape.at(attributes.transposeB ? -2 : -1) as number;
  const inner = [a.shape.at(attributes.transposeA ? -2 : -1), b.shape.at(attributes.transposeB ? -1 : -2)];
  tf.util.assert(
    inner[0] === inner[1],
    () =>
      `Error in matMul: inner shapes (${inner[0]}) and (${inner[1]}) of Tensors with shapes ${a.shape} and ${b.shape} and transposeA=${attributes.transposeA} and transposeB=${attributes.transposeB} must match.`,
  );
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  return [...batch, rows, columns];
}

defineKernel<tf.BatchMatMulInputs, tf.BatchMatMulAttrs>(tf.BatchMatMul, ({ a, b }, attributes, torch) => {
  const shape = productShape(a, b, attributes);
  return torch.output(product(torch, a, b, attributes), shape, a.dtype);
});

const add = operator("aten::add.Tensor");
defineKernel<tf._FusedMatMulInputs, tf._FusedMatMulAttrs>(tf._FusedMatMul, (inputs, attributes, torch) => {
  const { a, b, bias, preluActivationWeights } = inputs as unknown as tf._FusedMatMulInputs;
  const shape = productShape(a, b, attributes);
  const plain = product(torch, a, b, attributes);
  const biased = bias ? add(plain, torch.handle(bias)) : plain;
  const slopes = preluActivationWeights && torch.handle(preluActivationWeights);
  return torch.output(activate(biased, attributes, slopes), shape, a.dtype);
});

const einsum = operator("aten::einsum");
defineKernel<TensorList, tf.EinsumAttrs>(tf.Einsum, (tensors, { equation }, torch) => {
  const { allDims, summedDims, idDims } = tf.backend_util.decodeEinsumEquation(equation, tensors.length);
  tf.backend_util.checkEinsumDimSizes(allDims.length, idDims, tensors as tf.Tensor[]);
  const sizes = allDims.map((_, dimension) => {
    const owner = idDims.findIndex((dimensions) => dimensions.includes(dimension));
    return tensors[owner]?.shape[(idDims[owner] as number[]).indexOf(dimension)] as number;
  });
  const [, outputTerm = ""] = equation.replace(/\s/g, "").split("->");
  const shape = [...outputTerm].map((letter) => sizes[allDims.indexOf(letter)] as number);
  tf.util.assert(
    shape.length + summedDims.length === allDims.length,
    () => `The equation ${equation} is ambiguous.`,
  );
  const handles = tensors.map((tensor) => torch.handle(tensor));
  return torch.output(einsum(equation, handles), shape, (tensors[0] as tf.TensorInfo).dtype);
});
