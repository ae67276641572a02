import * as tf from "@tensorflow/tfjs-core";
import { type Handle, ScalarType } from "../addon.js";
import { operator } from "../operators.js";
import { defineKernel } from "./kernel.js";

const sort = operator<Handle[]>("aten::sort.stable");
const slice = operator("aten::slice.Tensor");
const toType = operator("aten::to.dtype");

/** The largest `k` of the last axis. Sorted and stable, because of equal values the first have to win. */
defineKernel<tf.TopKInputs, tf.TopKAttrs>(tf.TopK, ({ x }, { k }, torch) => {
  const shape = [...x.shape.slice(0, -1), k];
  if (x.shape.length === 0 || k === 0) {
    return [torch.constant(0, shape, x.dtype), torch.constant(0, shape, "int32")];
  }
  const [values, indices] = sort(torch.handle(x), true, -1, true) as [Handle, Handle];
  return [
    torch.output(slice(values, -1, 0, k), shape, x.dtype),
    torch.output(toType(slice(indices, -1, 0, k), ScalarType.int32), shape, "int32"),
  ];
});

const search = operator("aten::searchsorted.Tensor");
/** Where the values would have to be put into the sorted rows: before (left) or after (right) equal ones. */
defineKernel<tf.SearchSortedInputs, tf.SearchSortedAttrs>(
  tf.SearchSorted,
  ({ sortedSequence, values }, { side }, torch) => {
    const places = search(torch.handle(sortedSequence), torch.handle(values), true, side === "right");
    return torch.output(places, values.shape, "int32");
  },
);
