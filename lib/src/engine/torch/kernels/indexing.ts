import * as tf from "@tensorflow/tfjs-core";
import { type Handle, ScalarType } from "../addon.js";
import type { TorchBackend } from "../backend.js";
import { operator } from "../operators.js";
import { runtime } from "../runtime.js";
import { scalarTypeOf } from "../types.js";
import { defineKernel } from "./kernel.js";

const reshape = operator("aten::reshape");
const clamp = operator("aten::clamp");
const toType = operator("aten::to.dtype");
const full = operator("aten::full");
const arange = operator("aten::arange.start_step");
const selectRows = operator("aten::index_select");
const pick = operator("aten::index.Tensor");
const put = operator("aten::index_put");
const stack = operator("aten::stack");
const unbind = operator<Handle[]>("aten::unbind.int");

/**
 * Indices into axes of these lengths, which take turns in the last axis. On the CPU one that is out of range is an
 * error; a GPU, which would end all of the process's work on it, gets the nearest valid one instead: to look at the
 * values it would have to be waited for.
 */
function safeIndices(
  kernelName: string,
  torch: TorchBackend,
  indices: tf.TensorInfo,
  lengths: number[],
): Handle {
  const handle = torch.handle(indices);
  if (runtime.device === "cuda") {
    const [only] = lengths as [number];
    if (lengths.length === 1) return clamp(handle, 0, Math.max(0, only - 1));
    const columns = unbind(handle, -1);
    return stack(
      columns.map((column, axis) => clamp(column, 0, Math.max(0, (lengths[axis] as number) - 1))),
      -1,
    );
  }
  for (const [position, value] of torch.readSync(indices.dataId).entries()) {
    const length = lengths[position % lengths.length] as number;
    if (value >= 0 && value < length) continue;
    throw new Error(`${kernelName}: the index value ${value} is not in [0, ${length - 1}]`);
  }
  return handle;
}

const count = (length: number) => arange(0, length, 1, ScalarType.int64, null, runtime.device);

/** Slices along `axis`, chosen by `indices`; the first `batchDims` axes of both go together. */
defineKernel<tf.GatherV2Inputs, tf.GatherV2Attrs>(
  tf.GatherV2,
  ({ x, indices }, { axis, batchDims }, torch) => {
    const [parsedAxis] = tf.util.parseAxisParam(axis, x.shape) as [number];
    const info = tf.backend_util.segment_util.collectGatherOpShapeInfo(
      x as tf.Tensor,
      indices as tf.Tensor,
      parsedAxis,
      batchDims ?? 0,
    );
    const { batchSize, outerSize, dimSize, sliceSize, outputShape } = info;
    const rows = safeIndices(tf.GatherV2, torch, indices, [dimSize]);
    const chosen = tf.util.sizeFromShape(indices.shape) / batchSize;
    const flat = toType(reshape(rows, [-1]), ScalarType.int64);
    if (batchSize === 1) {
      const parts = reshape(torch.handle(x), [outerSize, dimSize, sliceSize]);
      return torch.output(reshape(selectRows(parts, 1, flat), outputShape), outputShape, x.dtype);
    }
    const parts = reshape(torch.handle(x), [batchSize, outerSize, dimSize, sliceSize]);
    const batch = reshape(count(batchSize), [batchSize, 1, 1]);
    const outer = reshape(count(outerSize), [1, outerSize, 1]);
    const inner = reshape(flat, [batchSize, 1, chosen]);
    return torch.output(reshape(pick(parts, [batch, outer, inner]), outputShape), outputShape, x.dtype);
  },
);

/** `[..., depth]` index vectors as one vector of indices an axis. */
function indexVectors(
  kernelName: string,
  torch: TorchBackend,
  indices: tf.TensorInfo,
  depth: number,
  shape: number[],
): Handle[] {
  const table = safeIndices(kernelName, torch, indices, shape.slice(0, depth));
  return unbind(toType(reshape(table, [-1, depth]), ScalarType.int64), 1);
}

defineKernel<tf.GatherNdInputs>(tf.GatherNd, ({ params, indices }, _, torch) => {
  const [shape, , size] = tf.backend_util.prepareAndValidate(params as tf.Tensor, indices as tf.Tensor);
  const depth = indices.shape.at(-1) as number;
  if (size === 0) return torch.constant(0, shape, params.dtype);
  if (depth === 0) {
    // Empty index vectors choose everything, each.
    const copies = tf.util.sizeFromShape(indices.shape.slice(0, -1));
    const rows = full([copies], 0, ScalarType.int64, null, runtime.device);
    const whole = selectRows(reshape(torch.handle(params), [1, -1]), 0, rows);
    return torch.output(reshape(whole, shape), shape, params.dtype);
  }
  const picked = pick(torch.handle(params), indexVectors(tf.GatherNd, torch, indices, depth, params.shape));
  return torch.output(reshape(picked, shape), shape, params.dtype);
});

/** `tensor` with `updates` written or added at the places that the index vectors name. */
function scatter(
  kernelName: string,
  torch: TorchBackend,
  tensor: Handle,
  shape: number[],
  indices: tf.TensorInfo,
  updates: Handle,
  accumulates: boolean,
): Handle {
  const depth = indices.shape.length > 1 ? (indices.shape.at(-1) as number) : 1;
  const rows = tf.util.sizeFromShape(indices.shape) / depth;
  const vectors = indexVectors(kernelName, torch, indices, depth, shape);
  return put(tensor, vectors, reshape(updates, [rows, ...shape.slice(depth)]), accumulates);
}

defineKernel<tf.ScatterNdInputs, tf.ScatterNdAttrs>(
  tf.ScatterNd,
  ({ indices, updates }, { shape }, torch) => {
    if (tf.util.sizeFromShape(shape) === 0) return torch.constant(0, shape, updates.dtype);
    const zeros = full(shape, 0, scalarTypeOf(updates.dtype), null, runtime.device);
    const result = scatter(tf.ScatterNd, torch, zeros, shape, indices, torch.handle(updates), true);
    return torch.output(result, shape, updates.dtype);
  },
);

defineKernel<tf.TensorScatterUpdateInputs>(
  tf.TensorScatterUpdate,
  ({ tensor, indices, updates }, _, torch) => {
    const { shape, dtype } = tensor;
    const result = scatter(
      tf.TensorScatterUpdate,
      torch,
      torch.handle(tensor),
      shape,
      indices,
      torch.handle(updates),
      false,
    );
    return torch.output(result, shape, dtype);
  },
);

const expand = operator("aten::expand");
const clone = operator("aten::clone");
defineKernel<tf.SparseToDenseInputs, tf.SparseToDenseAttrs>(
  tf.SparseToDense,
  ({ sparseIndices, sparseValues, defaultValue }, { outputShape }, torch) => {
    const background = clone(expand(reshape(torch.handle(defaultValue), []), outputShape));
    const rank = outputShape.length;
    const count = tf.util.sizeFromShape(sparseIndices.shape) / rank;
    const values = torch.handle(sparseValues);
    const updates = sparseValues.shape.length === 0 ? expand(values, [count]) : values;
    const result = scatter(tf.SparseToDense, torch, background, outputShape, sparseIndices, updates, false);
    return torch.output(result, outputShape, sparseValues.dtype);
  },
);

const unsqueeze = operator("aten::unsqueeze");
const equals = operator("aten::eq.Tensor");
const choose = operator("aten::where.Scalar");
/** Indices out of range are off everywhere. */
defineKernel<tf.OneHotInputs, tf.OneHotAttrs>(tf.OneHot, ({ indices }, attributes, torch) => {
  const { depth, onValue, offValue, dtype } = attributes;
  const isOn = equals(unsqueeze(torch.handle(indices), -1), count(depth));
  const result = toType(choose(isOn, onValue, offValue), scalarTypeOf(dtype));
  return torch.output(result, [...indices.shape, depth], dtype);
});

const isBelow = operator("aten::lt.Scalar");
const isAtLeast = operator("aten::ge.Scalar");
const both = operator("aten::logical_and");
const where = operator("aten::where.ScalarOther");
const addRows = operator("aten::index_add");
const slice = operator("aten::slice.Tensor");
/** Sums of the rows with the same id; ids out of range count for nothing. The gradient of a gather. */
defineKernel<tf.UnsortedSegmentSumInputs, tf.UnsortedSegmentSumAttrs>(
  tf.UnsortedSegmentSum,
  ({ x, segmentIds }, { numSegments }, torch) => {
    const rows = tf.util.sizeFromShape(segmentIds.shape);
    const sliceShape = x.shape.slice(segmentIds.shape.length);
    const ids = toType(reshape(torch.handle(segmentIds), [rows]), ScalarType.int64);
    const isValid = both(isAtLeast(ids, 0), isBelow(ids, numSegments));
    // The others go to a row of their own, which is cut off.
    const places = where(isValid, ids, numSegments);
    const sums = full([numSegments + 1, ...sliceShape], 0, scalarTypeOf(x.dtype), null, runtime.device);
    const updates = reshape(torch.handle(x), [rows, ...sliceShape]);
    const result = slice(addRows(sums, 0, places, updates), 0, 0, numSegments);
    return torch.output(result, [numSegments, ...sliceShape], x.dtype);
  },
);
