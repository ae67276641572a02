import * as tf from "@tensorflow/tfjs-core";
import { type Handle, ScalarType } from "../addon.js";
import type { TorchBackend } from "../backend.js";
import { operator } from "../operators.js";
import { runtime } from "../runtime.js";
import { defineKernel } from "./kernel.js";
import { gradientOf } from "./vector-jacobian.js";
import { channelsFirst, ownOrder, padToWindows, type Windows, windowsOf } from "./windows.js";

const maxPool = {
  2: operator<Handle[]>("aten::max_pool2d_with_indices"),
  3: operator<Handle[]>("aten::max_pool3d_with_indices"),
};
const averagePool = { 2: operator("aten::avg_pool2d"), 3: operator("aten::avg_pool3d") };
const divide = operator("aten::div.Tensor");
const full = operator("aten::full");
const clampMin = operator("aten::clamp_min");

const rankOf = ({ filter }: Windows) => filter.length as 2 | 3;
const nothing = ({ filter }: Windows) => filter.map(() => 0);

/** The largest of every window, and where it is: an index into the padded pixels of its channel. */
function poolLargest(x: Handle, windows: Windows): [largest: Handle, indices: Handle] {
  const { x: input } = padToWindows(channelsFirst(x, windows), windows, Number.NEGATIVE_INFINITY, true);
  const { filter, strides, dilations } = windows;
  const pool = maxPool[rankOf(windows)];
  return pool(input, filter, strides, nothing(windows), dilations) as [Handle, Handle];
}

const largestOf = (windows: Windows) => (x: Handle) => ownOrder(poolLargest(x, windows)[0], windows);

/** The mean of every window's own pixels: those that padding has added are no part of it. */
const averageOf = (windows: Windows) => (x: Handle) => {
  const { filter, strides, input } = windows;
  const sums = (pixels: Handle) => {
    const { x: covered } = padToWindows(pixels, windows, 0, true);
    return averagePool[rankOf(windows)](covered, filter, strides, nothing(windows), false, true, 1);
  };
  const ones = full([1, 1, ...input], 1, ScalarType.float32, null, runtime.device);
  // A window that lies in the padding has no pixels, and the mean 0.
  const counts = clampMin(sums(ones), 1);
  return ownOrder(divide(sums(channelsFirst(x, windows)), counts), windows);
};

interface PoolAttributes {
  filterSize: number | number[];
  strides: number | number[];
  pad: "valid" | "same" | number | unknown[];
  dimRoundingMode?: "floor" | "round" | "ceil";
}

/** For `[batch, height, width, channels]` or `[batch, depth, height, width, channels]`. */
function windowsOfPool(shape: number[], attributes: PoolAttributes): Windows {
  const { filterSize, strides, pad, dimRoundingMode } = attributes;
  if (shape.length === 5) {
    const size = filterSize as number | [number, number, number];
    const steps = strides as number | [number, number, number];
    const input = shape as [number, number, number, number, number];
    return windowsOf(
      tf.backend_util.computePool3DInfo(
        input,
        size,
        steps,
        1,
        pad as "valid" | "same" | number,
        dimRoundingMode,
      ),
    );
  }
  const size = filterSize as number | [number, number];
  const steps = strides as number | [number, number];
  const input = shape as [number, number, number, number];
  return windowsOf(
    tf.backend_util.computePool2DInfo(input, size, steps, 1, pad as tf.MaxPoolAttrs["pad"], dimRoundingMode),
  );
}

type Pool = (windows: Windows) => (x: Handle) => Handle;

function definePool(kernelName: string, pool: Pool): void {
  defineKernel<tf.MaxPoolInputs, PoolAttributes>(kernelName, ({ x }, attributes, torch) => {
    const windows = windowsOfPool(x.shape, attributes);
    if (windows.output.includes(0)) return torch.constant(0, windows.outShape, x.dtype);
    return torch.output(pool(windows)(torch.handle(x)), windows.outShape, x.dtype);
  });
}

function definePoolGradient(kernelName: string, pool: Pool): void {
  defineKernel<tf.AvgPoolGradInputs, PoolAttributes>(kernelName, ({ dy, input }, attributes, torch) => {
    const windows = windowsOfPool(input.shape, attributes);
    const dx = gradientOf(pool(windows), torch.handle(input), torch.handle(dy));
    return torch.output(dx, input.shape, "float32");
  });
}

definePool(tf.MaxPool, largestOf);
definePool(tf.MaxPool3D, largestOf);
definePool(tf.AvgPool, averageOf);
definePool(tf.AvgPool3D, averageOf);
definePoolGradient(tf.MaxPoolGrad, largestOf);
definePoolGradient(tf.MaxPool3DGrad, largestOf);
definePoolGradient(tf.AvgPoolGrad, averageOf);
definePoolGradient(tf.AvgPool3DGrad, averageOf);

const toType = operator("aten::to.dtype");
const arange = operator("aten::arange.start_step");
const reshape = operator("aten::reshape");
const add = operator("aten::add.Tensor");
const addNumber = operator("aten::add.Scalar");
const multiply = operator("aten::mul.Scalar");
const divideBy = operator("aten::floor_divide.Scalar");
const remainderBy = operator("aten::remainder.Scalar");

/** Indices into the unpadded tensor, flat: `((batch * height + y) * width + x) * channels + channel`. */
function flatIndices(indices: Handle, windows: Windows, includeBatch: boolean): Handle {
  const { input, before, batch, inChannels, output, strides, filter } = windows;
  const [height, width] = input as [number, number];
  const paddedWidth = ((output[1] as number) - 1) * (strides[1] as number) + (filter[1] as number);
  const y = addNumber(divideBy(indices, paddedWidth), -(before[0] as number));
  const x = addNumber(remainderBy(indices, paddedWidth), -(before[1] as number));
  const count = (length: number, shape: number[]) =>
    reshape(arange(0, length, 1, ScalarType.int64, null, runtime.device), shape);
  const pixel = add(multiply(y, width), x);
  const inPicture = add(multiply(pixel, inChannels), count(inChannels, [1, inChannels, 1, 1]));
  if (!includeBatch) return inPicture;
  return add(inPicture, multiply(count(batch, [batch, 1, 1, 1]), height * width * inChannels));
}

function poolWithIndices(
  torch: TorchBackend,
  x: tf.TensorInfo,
  attributes: tf.MaxPoolWithArgmaxAttrs,
): tf.TensorInfo[] {
  const windows = windowsOfPool(x.shape, attributes);
  const [largest, indices] = poolLargest(torch.handle(x), windows);
  const flat = toType(flatIndices(indices, windows, attributes.includeBatchInIndex), ScalarType.int32);
  return [
    torch.output(ownOrder(largest, windows), windows.outShape, x.dtype),
    torch.output(ownOrder(flat, windows), windows.outShape, "int32"),
  ];
}
defineKernel<tf.MaxPoolWithArgmaxInputs, tf.MaxPoolWithArgmaxAttrs>(
  tf.MaxPoolWithArgmax,
  ({ x }, attributes, torch) => poolWithIndices(torch, x, attributes),
);
