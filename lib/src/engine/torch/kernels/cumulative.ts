import * as tf from "@tensorflow/tfjs-core";
import { operator } from "../operators.js";
import { scalarTypeOf } from "../types.js";
import { defineKernel } from "./kernel.js";

const flip = operator("aten::flip");
const slice = operator("aten::slice.Tensor");
const pad = operator("aten::constant_pad_nd");
const toType = operator("aten::to.dtype");

/** Sums or products of all elements so far; `exclusive` without the element itself, `reverse` from the end on. */
function defineCumulative(kernelName: string, signature: string, neutral: number): void {
  const accumulate = operator(signature);
  defineKernel<tf.CumsumInputs, tf.CumsumAttrs>(kernelName, ({ x }, { axis, exclusive, reverse }, torch) => {
    const dtype = tf.upcastType(x.dtype, "int32");
    if (x.shape.length === 0 || tf.util.sizeFromShape(x.shape) === 0) return torch.share(x);
    const dimension = axis < 0 ? axis + x.shape.length : axis;
    const turned = reverse ? flip(torch.handle(x), [dimension]) : torch.handle(x);
    const length = x.shape[dimension] as number;
    const shift = [...Array(2 * (x.shape.length - 1 - dimension)).fill(0), 1, 0];
    const shifted = exclusive ? pad(slice(turned, dimension, 0, length - 1), shift, neutral) : turned;
    const totals = toType(accumulate(shifted, dimension), scalarTypeOf(dtype));
    return torch.output(reverse ? flip(totals, [dimension]) : totals, x.shape, dtype);
  });
}
defineCumulative(tf.Cumsum, "aten::cumsum", 0);
defineCumulative(tf.Cumprod, "aten::cumprod", 1);
