import type * as tf from "@tensorflow/tfjs-core";
import type { Handle } from "../addon.js";
import { operator } from "../operators.js";

const permute = operator("aten::permute");
const pad = operator("aten::constant_pad_nd");

/** How windows (of a convolution or a pool) lie on the pixels; one number a spatial axis, outermost first. */
export interface Windows {
  /** Pixels of the input. */
  input: number[];
  /** Windows, that is pixels of the output. */
  output: number[];
  filter: number[];
  strides: number[];
  dilations: number[];
  /** Pixels that are added before the first. */
  before: number[];
  batch: number;
  inChannels: number;
  outChannels: number;
  outShape: number[];
  dataFormat: "channelsFirst" | "channelsLast";
}

export function windowsOf(info: tf.backend_util.Conv2DInfo | tf.backend_util.Conv3DInfo): Windows {
  const { batchSize: batch, inChannels, outChannels, outShape, dataFormat } = info;
  const common = { batch, inChannels, outChannels, outShape, dataFormat };
  const plane = {
    input: [info.inHeight, info.inWidth],
    output: [info.outHeight, info.outWidth],
    filter: [info.filterHeight, info.filterWidth],
    strides: [info.strideHeight, info.strideWidth],
    dilations: [info.dilationHeight, info.dilationWidth],
    before: [info.padInfo.top, info.padInfo.left],
  };
  if (!("inDepth" in info)) return { ...common, ...plane };
  return {
    ...common,
    input: [info.inDepth, ...plane.input],
    output: [info.outDepth, ...plane.output],
    filter: [info.filterDepth, ...plane.filter],
    strides: [info.strideDepth, ...plane.strides],
    dilations: [info.dilationDepth, ...plane.dilations],
    before: [info.padInfo.front, ...plane.before],
  };
}

/** Pixels from a window's first to its last. */
export function extents({ filter, dilations }: Windows): number[] {
  return filter.map((size, axis) => (size - 1) * (dilations[axis] as number) + 1);
}

/** Pixels from the first window's first to the last window's last. */
export function coverage(windows: Windows): number[] {
  const { output, strides } = windows;
  return extents(windows).map(
    (extent, axis) => ((output[axis] as number) - 1) * (strides[axis] as number) + extent,
  );
}

/**
 * Pads `[batch, channels, ...pixels]` to exactly the pixels that the windows read, or cuts off what they do not.
 *
 * @param isNecessary false: as little as possible; `padding` of the result is then left to torch, which pads both
 *   ends alike
 */
export function padToWindows(
  x: Handle,
  windows: Windows,
  value: number,
  isNecessary = false,
): { x: Handle; padding: number[] } {
  const { input, output, strides, before } = windows;
  const sizes = extents(windows);
  const fits = input.every((length, axis) => {
    const padding = before[axis] as number;
    const count =
      Math.floor((length + 2 * padding - (sizes[axis] as number)) / (strides[axis] as number)) + 1;
    return count === output[axis];
  });
  if (fits && !isNecessary) return { x, padding: before };
  const covered = coverage(windows);
  const ends = input.map((length, axis) => [
    before[axis] as number,
    (covered[axis] as number) - length - (before[axis] as number),
  ]);
  return { x: pad(x, ends.reverse().flat(), value), padding: before.map(() => 0) };
}

/** torch's order of axes, `[batch, channels, ...pixels]`, in the same memory. */
export function channelsFirst(
  x: Handle,
  { dataFormat, input }: Pick<Windows, "dataFormat" | "input">,
): Handle {
  if (dataFormat === "channelsFirst") return x;
  return permute(x, input.length === 2 ? [0, 3, 1, 2] : [0, 4, 1, 2, 3]);
}

/** Back to the tensor's own order. */
export function ownOrder(x: Handle, { dataFormat, input }: Pick<Windows, "dataFormat" | "input">): Handle {
  if (dataFormat === "channelsFirst") return x;
  return permute(x, input.length === 2 ? [0, 2, 3, 1] : [0, 2, 3, 4, 1]);
}
