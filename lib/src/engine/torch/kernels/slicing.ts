import * as tf from "@tensorflow/tfjs-core";
import type { Handle } from "../addon.js";
import { operator } from "../operators.js";
import { defineKernel } from "./kernel.js";

const slice = operator("aten::slice.Tensor");
const reshape = operator("aten::reshape");
const flip = operator("aten::flip");
const concatenate = operator("aten::cat");
const pad = operator("aten::constant_pad_nd");

/** The part from `begin` of `size` along every axis. */
function cut(x: Handle, shape: number[], begin: number[], size: number[]): Handle {
  return shape.reduce((part, length, axis) => {
    const [first, count] = [begin[axis] ?? 0, size[axis] ?? length];
    return first === 0 && count === length ? part : slice(part, axis, first, first + count);
  }, x);
}

defineKernel<tf.SliceInputs, tf.SliceAttrs>(tf.Slice, ({ x }, attributes, torch) => {
  const parsed = tf.slice_util.parseSliceParams(x as tf.Tensor, attributes.begin, attributes.size);
  const [begin, size] = parsed as [number[], number[]];
  tf.slice_util.assertParamsValid(x as tf.Tensor, begin, size);
  return torch.view(x, cut(torch.handle(x), x.shape, begin, size), size);
});

defineKernel<tf.StridedSliceInputs, tf.StridedSliceAttrs>(tf.StridedSlice, ({ x }, attributes, torch) => {
  const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = attributes;
  const plan = tf.slice_util.sliceInfo(
    x.shape,
    begin,
    end,
    strides,
    beginMask,
    endMask,
    ellipsisMask,
    newAxisMask,
    shrinkAxisMask,
  );
  if (plan.isIdentity) return torch.view(x, reshape(torch.handle(x), plan.finalShape), plan.finalShape);
  const dense = plan.begin.reduce((part, first, axis) => {
    const stride = plan.strides[axis] as number;
    const last = plan.end[axis] as number;
    if (stride > 0) return slice(part, axis, first, Math.max(first, last), stride);
    // torch only walks forwards: the same elements from the other end.
    const count = Math.max(0, Math.ceil((last - first) / stride));
    const lowest = first + (count - 1) * stride;
    return flip(slice(part, axis, Math.max(0, lowest), count === 0 ? 0 : first + 1, -stride), [axis]);
  }, torch.handle(x));
  return torch.view(x, reshape(dense, plan.finalShape), plan.finalShape);
});

/** torch lists paddings from the last axis to the first. */
export function padded(x: Handle, paddings: [number, number][], value: number): Handle {
  return pad(x, [...paddings].reverse().flat(), value);
}

defineKernel<tf.PadV2Inputs, tf.PadV2Attrs>(tf.PadV2, ({ x }, { paddings, constantValue }, torch) => {
  const shape = x.shape.map((length, axis) => length + sum(paddings[axis] as [number, number]));
  return torch.output(padded(torch.handle(x), paddings, constantValue), shape, x.dtype);
});

const sum = ([before, after]: [number, number]) => before + after;

/** Mirrors the border, with (symmetric) or without (reflect) its outermost line. */
defineKernel<tf.MirrorPadInputs, tf.MirrorPadAttrs>(tf.MirrorPad, ({ x }, { paddings, mode }, torch) => {
  const skipped = mode === "reflect" ? 1 : 0;
  const shape = x.shape.map((length, axis) => length + sum(paddings[axis] as [number, number]));
  const result = paddings.reduce((part, [before, after], axis) => {
    const length = x.shape[axis] as number;
    const pieces: Handle[] = [];
    if (before > 0) pieces.push(flip(slice(part, axis, skipped, skipped + before), [axis]));
    pieces.push(part);
    if (after > 0) pieces.push(flip(slice(part, axis, length - skipped - after, length - skipped), [axis]));
    return pieces.length === 1 ? part : concatenate(pieces, axis);
  }, torch.handle(x));
  return torch.output(result, shape, x.dtype);
});

const permute = operator("aten::permute");
defineKernel<tf.SpaceToBatchNDInputs, tf.SpaceToBatchNDAttrs>(
  tf.SpaceToBatchND,
  ({ x }, attributes, torch) => {
    const { blockShape, paddings } = attributes;
    const blocks = tf.util.sizeFromShape(blockShape);
    const complete: [number, number][] = [[0, 0], ...(paddings as [number, number][])];
    while (complete.length < x.shape.length) complete.push([0, 0]);
    const paddedShape = x.shape.map((length, axis) => length + sum(complete[axis] as [number, number]));
    const split = tf.backend_util.getReshaped(paddedShape, blockShape, blocks, false);
    const order = tf.backend_util.getPermuted(split.length, blockShape.length, false);
    const shape = tf.backend_util.getReshapedPermuted(paddedShape, blockShape, blocks, false);
    const inBlocks = reshape(padded(torch.handle(x), complete, 0), split);
    return torch.output(reshape(permute(inBlocks, order), shape), shape, x.dtype);
  },
);

defineKernel<tf.BatchToSpaceNDInputs, tf.BatchToSpaceNDAttrs>(
  tf.BatchToSpaceND,
  ({ x }, attributes, torch) => {
    const { blockShape, crops } = attributes;
    const blocks = tf.util.sizeFromShape(blockShape);
    const split = tf.backend_util.getReshaped(x.shape, blockShape, blocks);
    const order = tf.backend_util.getPermuted(split.length, blockShape.length);
    const whole = tf.backend_util.getReshapedPermuted(x.shape, blockShape, blocks);
    const begin = tf.backend_util.getSliceBeginCoords(crops, blockShape.length);
    const cropped = tf.backend_util.getSliceSize(whole, crops, blockShape.length);
    const shape = whole.map((length, axis) => cropped[axis] ?? length);
    const together = reshape(permute(reshape(torch.handle(x), split), order), whole);
    return torch.output(cut(together, whole, begin, shape), shape, x.dtype);
  },
);

/** Channels to blocks of pixels: `[batch, height, width, blockSize^2 * channels]` to `[.., height * blockSize, ..]`. */
defineKernel<tf.DepthToSpaceInputs, tf.DepthToSpaceAttrs>(tf.DepthToSpace, ({ x }, attributes, torch) => {
  const { blockSize: block, dataFormat } = attributes;
  if (dataFormat === "NHWC") {
    const [batch, height, width, depth] = x.shape as [number, number, number, number];
    const shape = [batch, height * block, width * block, depth / block ** 2];
    const split = reshape(torch.handle(x), [batch, height, width, block, block, depth / block ** 2]);
    return torch.output(reshape(permute(split, [0, 1, 3, 2, 4, 5]), shape), shape, x.dtype);
  }
  const [batch, depth, height, width] = x.shape as [number, number, number, number];
  const shape = [batch, depth / block ** 2, height * block, width * block];
  const split = reshape(torch.handle(x), [batch, block, block, depth / block ** 2, height, width]);
  return torch.output(reshape(permute(split, [0, 3, 4, 1, 5, 2]), shape), shape, x.dtype);
});
