import * as tf from "@tensorflow/tfjs-core";
import { channelsLast, type Handle, ScalarType } from "../addon.js";
import { operator } from "../operators.js";
import { runtime } from "../runtime.js";
import { channelsFirst, coverage, ownOrder, padToWindows, type Windows, windowsOf } from "./windows.js";

const permute = operator("aten::permute");
const reshape = operator("aten::reshape");
const pad = operator("aten::constant_pad_nd");
const slice = operator("aten::slice.Tensor");
const empty = operator("aten::empty.memory_format");
// These and not "aten::convolution": mixed precision knows them on every device.
const convolutions = { 2: operator("aten::conv2d"), 3: operator("aten::conv3d") };
const transposed = {
  2: operator("aten::conv_transpose2d.input"),
  3: operator("aten::conv_transpose3d.input"),
};
const backward = operator<Handle[]>("aten::convolution_backward");

/** A convolution and how its filters are to be read. */
export interface Convolution {
  windows: Windows;
  /** Every channel has filters of its own: `[...filter, channels, multiplier]`, not `[...filter, in, out]`. */
  depthwise: boolean;
}

const groupsOf = ({ windows, depthwise }: Convolution) => (depthwise ? windows.inChannels : 1);

/** TensorFlow.js's filter in torch's order, `[out, in, ...filter]`. */
function toTorchFilter(filter: Handle, { windows, depthwise }: Convolution): Handle {
  const axes = windows.filter.length;
  const spatial = windows.filter.map((_, axis) => axis);
  if (!depthwise) return permute(filter, [axes + 1, axes, ...spatial]);
  const byChannel = permute(filter, [axes, axes + 1, ...spatial]);
  return reshape(byChannel, [windows.outChannels, 1, ...windows.filter]);
}

function fromTorchFilter(filter: Handle, { windows, depthwise }: Convolution): Handle {
  const spatial = windows.filter.map((_, axis) => axis + 2);
  if (!depthwise) return permute(filter, [...spatial, 1, 0]);
  const multiplier = windows.outChannels / windows.inChannels;
  return permute(reshape(filter, [windows.inChannels, multiplier, ...windows.filter]), [...spatial, 0, 1]);
}

const rankOf = ({ filter }: Windows) => filter.length as 2 | 3;
const none = ({ filter }: Windows) => filter.map(() => 0);

/**
 * What a convolution reads, in torch's order of axes.
 *
 * A filter of one pixel with strides takes one pixel of every stride. These are picked here on the CPU, since with few
 * channels oneDNN's gradient of such a filter is wrong or ends the process on processors without AVX-512:
 * https://github.com/uxlfoundation/oneDNN/issues/6035
 */
function inputOf(x: Handle, { windows }: Convolution): { x: Handle; padding: number[]; strides: number[] } {
  const padded = padToWindows(channelsFirst(x, windows), windows, 0);
  const { filter, strides } = windows;
  const isOnePixel = filter.every((size) => size === 1) && padded.padding.every((amount) => amount === 0);
  if (runtime.device !== "cpu" || !isOnePixel) return { ...padded, strides };
  const picked = strides.reduce(
    (pixels, stride, axis) =>
      stride === 1
        ? pixels
        : slice(pixels, axis + 2, 0, ((windows.output[axis] as number) - 1) * stride + 1, stride),
    padded.x,
  );
  return { x: picked, padding: padded.padding, strides: strides.map(() => 1) };
}

/** The convolution, with the bias `[outChannels]` where there is one. */
export function convolve(x: Handle, filter: Handle, bias: Handle | null, plan: Convolution): Handle {
  const { windows } = plan;
  const { x: input, padding, strides } = inputOf(x, plan);
  const weight = toTorchFilter(filter, plan);
  const convolution = convolutions[rankOf(windows)];
  const y = convolution(input, weight, bias, strides, padding, windows.dilations, groupsOf(plan));
  return ownOrder(y, windows);
}

/**
 * The gradient with respect to the input, also known as transposed convolution. As a forward operator of torch: it has
 * gradients itself, and `tf.conv2dTranspose` is made of it.
 */
export function convolveTransposed(dy: Handle, filter: Handle, plan: Convolution): Handle {
  const { windows } = plan;
  const { input, before, strides, dilations } = windows;
  const covered = coverage(windows);
  // Pixels behind the last window, with torch's padding, which is the same at both ends.
  const behind = input.map(
    (length, axis) => length + 2 * (before[axis] as number) - (covered[axis] as number),
  );
  const fits = behind.every(
    (rest, axis) => rest >= 0 && rest < Math.max(strides[axis] as number, dilations[axis] as number),
  );
  const transpose = (padding: number[], outputPadding: number[]) =>
    transposed[rankOf(windows)](
      channelsFirst(dy, windows),
      toTorchFilter(filter, plan),
      null,
      strides,
      padding,
      outputPadding,
      groupsOf(plan),
      dilations,
    );
  if (fits) return ownOrder(transpose(before, behind), windows);
  const whole = transpose(none(windows), none(windows));
  const ends = input.map((length, axis) => [
    -(before[axis] as number),
    length + (before[axis] as number) - (covered[axis] as number),
  ]);
  return ownOrder(pad(whole, ends.reverse().flat(), 0), windows);
}

/** The gradient with respect to the filter. */
export function filterGradient(x: Handle, dy: Handle, plan: Convolution): Handle {
  const { windows } = plan;
  const { x: input, padding, strides } = inputOf(x, plan);
  const { outChannels, inChannels, filter, dilations } = windows;
  const shape = [outChannels, inChannels / groupsOf(plan), ...filter];
  // Only its shape and its order in memory are looked at.
  const order = filter.length === 2 ? channelsLast : null;
  const weight = empty(shape, ScalarType.float32, null, runtime.device, null, order);
  const [, gradient] = backward(
    channelsFirst(dy, windows),
    input,
    weight,
    null,
    strides,
    padding,
    dilations,
    false,
    none(windows),
    groupsOf(plan),
    [false, true, false],
  );
  return fromTorchFilter(gradient as Handle, plan);
}

/** Attributes that all kernels of two-dimensional convolutions have, more or less. */
interface Attributes2D {
  strides: [number, number] | number;
  pad: tf.Conv2DAttrs["pad"];
  dilations?: [number, number] | number | null;
  dimRoundingMode?: "floor" | "round" | "ceil";
  dataFormat?: "NHWC" | "NCHW";
}

export function plan2D(
  inShape: number[],
  filterShape: number[],
  { strides, pad, dilations, dimRoundingMode, dataFormat }: Attributes2D,
  depthwise = false,
): Convolution {
  const format = tf.backend_util.convertConv2DDataFormat(dataFormat ?? "NHWC");
  const info = tf.backend_util.computeConv2DInfo(
    inShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    depthwise,
    format,
  );
  return { windows: windowsOf(info), depthwise };
}
