import * as tf from "@tensorflow/tfjs-core";
import { type Handle, ScalarType } from "../addon.js";
import type { TorchBackend } from "../backend.js";
import { operator } from "../operators.js";
import { runtime } from "../runtime.js";
import { scalarTypeOf } from "../types.js";
import { defineKernel } from "./kernel.js";

const toType = operator("aten::to.dtype");

function reducedShape(shape: number[], axes: number[], keepDims: boolean): number[] {
  const [reduced] = tf.backend_util.computeOutAndReduceShapes(shape, axes);
  return keepDims ? tf.backend_util.expandShapeToKeepDim(reduced, axes) : reduced;
}

/** Reduces along the axes; the result gets `dtype`. */
function reduce(
  torch: TorchBackend,
  x: tf.TensorInfo,
  axis: number | number[],
  keepDims: boolean,
  dtype: tf.DataType,
  compute: (x: Handle, axes: number[], keepDims: boolean) => Handle,
): tf.TensorInfo {
  const axes = tf.util.parseAxisParam(axis, x.shape);
  const shape = reducedShape(x.shape, axes, keepDims);
  // torch takes "no axes" for "all axes".
  const isAsItIs = axes.length === 0 && x.shape.length > 0;
  const result = isAsItIs ? torch.handle(x) : compute(torch.handle(x), axes, keepDims);
  const nominal = dtype === "float32" ? result : toType(result, scalarTypeOf(dtype));
  return isAsItIs ? torch.view(x, nominal, shape, dtype) : torch.output(nominal, shape, dtype);
}

const countable = (dtype: tf.DataType): tf.DataType => (dtype === "bool" ? "int32" : dtype);

/** Sums are float32 also where their terms are bfloat16; null leaves the type to torch. */
const typeOfSum = () => (runtime.precision === "bfloat16" ? ScalarType.float32 : null);

const sum = operator("aten::sum.dim_IntList");
defineKernel<tf.SumInputs, tf.SumAttrs>(tf.Sum, ({ x }, { axis, keepDims = false }, torch) =>
  reduce(torch, x, axis, keepDims, countable(x.dtype), (handle, axes, keep) =>
    sum(handle, axes, keep, x.dtype === "float32" ? typeOfSum() : null),
  ),
);

const mean = operator("aten::mean.dim");
defineKernel<tf.MeanInputs, tf.MeanAttrs>(tf.Mean, ({ x }, { axis, keepDims = false }, torch) =>
  reduce(torch, x, axis, keepDims, "float32", (handle, axes, keep) =>
    mean(handle, axes, keep, x.dtype === "float32" ? typeOfSum() : ScalarType.float32),
  ),
);

const largest = operator("aten::amax");
defineKernel<tf.MaxInputs, tf.MaxAttrs>(tf.Max, ({ x }, { reductionIndices, keepDims = false }, torch) =>
  reduce(torch, x, reductionIndices, keepDims, x.dtype, largest),
);

const smallest = operator("aten::amin");
defineKernel<tf.MinInputs, tf.MinAttrs>(tf.Min, ({ x }, { axis, keepDims = false }, torch) =>
  reduce(torch, x, axis, keepDims, x.dtype, smallest),
);

const productOfAll = operator("aten::prod");
const product = operator("aten::prod.dim_int");
defineKernel<tf.ProdInputs, tf.ProdAttrs>(tf.Prod, ({ x }, { axis, keepDims = false }, torch) =>
  reduce(torch, x, axis, keepDims, countable(x.dtype), (handle, axes, keep) => {
    if (x.shape.length === 0) return productOfAll(handle);
    // One axis at a time, from the last on: the numbers of those before stay as they are.
    return [...axes].sort((a, b) => b - a).reduce((rest, one) => product(rest, one, keep), handle);
  }),
);

const all = operator("aten::all.dims");
defineKernel<tf.AllInputs, tf.AllAttrs>(tf.All, ({ x }, { axis, keepDims = false }, torch) =>
  reduce(torch, x, axis, keepDims, "bool", all),
);

const any = operator("aten::any.dims");
defineKernel<tf.AnyInputs, tf.AnyAttrs>(tf.Any, ({ x }, { axis, keepDims = false }, torch) =>
  reduce(torch, x, axis, keepDims, "bool", any),
);

const replaceNan = operator("aten::nan_to_num");
/** Of equals the first, as in TensorFlow.js; what is not a number never wins, which torch sees otherwise. */
function defineSearch(kernelName: string, signature: string, loser: number): void {
  const search = operator(signature);
  defineKernel<tf.ArgMaxInputs, tf.ArgMaxAttrs>(kernelName, ({ x }, { axis }, torch) => {
    const axes = tf.util.parseAxisParam(axis, x.shape);
    const handle =
      x.dtype === "float32"
        ? replaceNan(torch.handle(x), loser, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY)
        : toType(torch.handle(x), ScalarType.int32);
    const index = search(handle, axes[0] as number, false);
    return torch.output(toType(index, ScalarType.int32), reducedShape(x.shape, axes, false), "int32");
  });
}
defineSearch(tf.ArgMax, "aten::argmax", Number.NEGATIVE_INFINITY);
defineSearch(tf.ArgMin, "aten::argmin", Number.POSITIVE_INFINITY);

const softmax = operator("aten::softmax.int");
defineKernel<tf.SoftmaxInputs, tf.SoftmaxAttrs>(tf.Softmax, ({ logits }, { dim }, torch) =>
  torch.output(softmax(torch.handle(logits), dim), logits.shape, logits.dtype),
);

const logSoftmax = operator("aten::log_softmax.int");
defineKernel<tf.LogSoftmaxInputs, tf.LogSoftmaxAttrs>(tf.LogSoftmax, ({ logits }, { axis }, torch) =>
  torch.output(logSoftmax(torch.handle(logits), axis), logits.shape, logits.dtype),
);
