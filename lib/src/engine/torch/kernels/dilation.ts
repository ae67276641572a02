import * as tf from "@tensorflow/tfjs-core";
import type { Handle } from "../addon.js";
import { operator } from "../operators.js";
import { defineKernel } from "./kernel.js";
import { gradientOf } from "./vector-jacobian.js";
import { padToWindows, type Windows, windowsOf } from "./windows.js";

const permute = operator("aten::permute");
const slice = operator("aten::slice.Tensor");
const select = operator("aten::select.int");
const add = operator("aten::add.Tensor");
const stack = operator("aten::stack");
const largestAlong = operator<Handle[]>("aten::max.dim");

/** Grey-scale dilation: the largest of pixel plus filter in every window, channel by channel. */
function dilate(x: Handle, filter: Handle, windows: Windows): Handle {
  const [filterHeight, filterWidth] = windows.filter as [number, number];
  const channelsFirst = permute(x, [0, 3, 1, 2]);
  const { x: covered } = padToWindows(channelsFirst, windows, Number.NEGATIVE_INFINITY, true);
  const pixels = permute(covered, [0, 2, 3, 1]);
  /** The pixels that the filter's element `offset` meets along an axis, one a window. */
  const meet = (part: Handle, axis: number, offset: number) => {
    const [stride, count] = [windows.strides[axis] as number, windows.output[axis] as number];
    const first = offset * (windows.dilations[axis] as number);
    return slice(part, axis + 1, first, first + (count - 1) * stride + 1, stride);
  };
  const sums: Handle[] = [];
  for (let row = 0; row < filterHeight; row++) {
    for (let column = 0; column < filterWidth; column++) {
      const value = select(select(filter, 0, row), 0, column);
      sums.push(add(meet(meet(pixels, 0, row), 1, column), value));
    }
  }
  const [largest] = largestAlong(stack(sums, 0), 0, false);
  return largest as Handle;
}

function windowsOfDilation(x: tf.TensorInfo, filter: tf.TensorInfo, attributes: tf.Dilation2DAttrs): Windows {
  const { strides, pad, dilations } = attributes;
  const info = tf.backend_util.computeDilation2DInfo(
    x.shape as [number, number, number, number],
    filter.shape as [number, number, number],
    strides,
    pad,
    "NHWC",
    dilations,
  );
  return windowsOf(info);
}

defineKernel<tf.Dilation2DInputs, tf.Dilation2DAttrs>(tf.Dilation2D, ({ x, filter }, attributes, torch) => {
  const windows = windowsOfDilation(x, filter, attributes);
  return torch.output(dilate(torch.handle(x), torch.handle(filter), windows), windows.outShape, x.dtype);
});

defineKernel<tf.Dilation2DBackpropInputInputs, tf.Dilation2DAttrs>(
  tf.Dilation2DBackpropInput,
  ({ x, filter, dy }, attributes, torch) => {
    const windows = windowsOfDilation(x, filter, attributes);
    const forward = (input: Handle) => dilate(input, torch.handle(filter), windows);
    return torch.output(gradientOf(forward, torch.handle(x), torch.handle(dy)), x.shape, x.dtype);
  },
);

defineKernel<tf.Dilation2DBackpropFilterInputs, tf.Dilation2DAttrs>(
  tf.Dilation2DBackpropFilter,
  ({ x, filter, dy }, attributes, torch) => {
    const windows = windowsOfDilation(x, filter, attributes);
    const forward = (weight: Handle) => dilate(torch.handle(x), weight, windows);
    return torch.output(gradientOf(forward, torch.handle(filter), torch.handle(dy)), filter.shape, x.dtype);
  },
);
