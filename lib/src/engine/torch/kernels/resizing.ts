import * as tf from "@tensorflow/tfjs-core";
import { type Handle, ScalarType } from "../addon.js";
import { operator } from "../operators.js";
import { runtime } from "../runtime.js";
import { defineKernel } from "./kernel.js";
import { gradientOf } from "./vector-jacobian.js";

const permute = operator("aten::permute");
const arange = operator("aten::arange.start_step");
const multiply = operator("aten::mul.Tensor");
const multiplyNumber = operator("aten::mul.Scalar");
const addNumber = operator("aten::add.Scalar");
const subtract = operator("aten::sub.Tensor");
const clamp = operator("aten::clamp");
const floor = operator("aten::floor");
const toType = operator("aten::to.dtype");
const select = operator("aten::index_select");
const add = operator("aten::add.Tensor");
const reshape = operator("aten::reshape");

const toChannelsFirst = [0, 3, 1, 2];
const toChannelsLast = [0, 2, 3, 1];

type Rule = Pick<tf.ResizeBilinearAttrs, "alignCorners" | "halfPixelCenters">;

/** Where the new pixels lie on the old ones along one axis, as real numbers `[newLength]`. */
function positions(length: number, newLength: number, { alignCorners, halfPixelCenters }: Rule): Handle {
  const isAligned = alignCorners && newLength > 1;
  const scale = isAligned ? (length - 1) / (newLength - 1) : length / newLength;
  const index = arange(0, newLength, 1, ScalarType.float32, null, runtime.device);
  return multiplyNumber(halfPixelCenters ? addNumber(index, 0.5) : index, scale);
}

const toIndex = (position: Handle, length: number) =>
  toType(clamp(floor(position), 0, length - 1), ScalarType.int64);

/** Along one axis of `[batch, height, width, channels]`: the two neighbours, weighted by their distance. */
function interpolate(x: Handle, axis: 1 | 2, length: number, newLength: number, rule: Rule): Handle {
  const centres = positions(length, newLength, rule);
  const position = clamp(rule.halfPixelCenters ? addNumber(centres, -0.5) : centres, 0, length - 1);
  const share = reshape(subtract(position, floor(position)), axis === 1 ? [-1, 1, 1] : [-1, 1]);
  const before = select(x, axis, toIndex(position, length));
  const after = select(x, axis, toIndex(addNumber(position, 1), length));
  return add(before, multiply(subtract(after, before), share));
}

const bilinear = operator("aten::upsample_bilinear2d");

/** `[batch, height, width, channels]` to another height and width. */
const resizeBilinear = (shape: number[], newSize: [number, number], rule: Rule) => (x: Handle) => {
  const [, height, width] = shape as [number, number, number];
  if (rule.alignCorners || rule.halfPixelCenters) {
    const resized = bilinear(permute(x, toChannelsFirst), newSize, rule.alignCorners);
    return permute(resized, toChannelsLast);
  }
  // TensorFlow's old rule, which torch does not have: the first pixels coincide, the last do not.
  const rows = interpolate(x, 1, height, newSize[0], rule);
  return interpolate(rows, 2, width, newSize[1], rule);
};

const nearest = operator("aten::upsample_nearest2d");
const repeat = operator("latentlab::upsample_nearest");

const resizeNearest = (shape: number[], newSize: [number, number], rule: Rule) => (x: Handle) => {
  if (!rule.alignCorners && !rule.halfPixelCenters) {
    const pictures = permute(x, toChannelsFirst);
    const factor = wholeFactor(shape, newSize);
    const resized = factor ? repeat(pictures, factor) : nearest(pictures, newSize);
    return permute(resized, toChannelsLast);
  }
  return newSize.reduce((part, newLength, index) => {
    const length = shape[index + 1] as number;
    const position = positions(length, newLength, rule);
    // With aligned corners the nearest pixel's centre counts, otherwise the pixel that the position falls in.
    return select(part, index + 1, toIndex(rule.alignCorners ? addNumber(position, 0.5) : position, length));
  }, x);
};

/** By which both axes grow, if it is one whole number. */
function wholeFactor(
  [, height, width]: number[],
  [newHeight, newWidth]: [number, number],
): number | undefined {
  const factor = newHeight / (height as number);
  return Number.isInteger(factor) && factor === newWidth / (width as number) ? factor : undefined;
}

type Resize = typeof resizeBilinear;
const real = (x: Handle, dtype: tf.DataType) => (dtype === "float32" ? x : toType(x, ScalarType.float32));

function defineResize(kernelName: string, resize: Resize, keepsType: boolean): void {
  defineKernel<tf.ResizeBilinearInputs, tf.ResizeBilinearAttrs>(
    kernelName,
    ({ images }, attributes, torch) => {
      const { shape, dtype } = images;
      const [batch, , , channels] = shape as [number, number, number, number];
      const resized = resize(shape, attributes.size, attributes)(real(torch.handle(images), dtype));
      const outType = keepsType ? dtype : "float32";
      const result = outType === "int32" ? toType(resized, ScalarType.int32) : resized;
      return torch.output(result, [batch, ...attributes.size, channels], outType);
    },
  );
}

function defineResizeGradient(kernelName: string, resize: Resize): void {
  defineKernel<tf.ResizeBilinearGradInputs, tf.ResizeBilinearGradAttrs>(
    kernelName,
    ({ images, dy }, { alignCorners, halfPixelCenters }, torch) => {
      const { shape, dtype } = images;
      const newSize = dy.shape.slice(1, 3) as [number, number];
      const forward = resize(shape, newSize, { alignCorners, halfPixelCenters });
      const gradient = gradientOf(forward, real(torch.handle(images), dtype), torch.handle(dy));
      return torch.output(gradient, shape, "float32");
    },
  );
}

defineResize(tf.ResizeBilinear, resizeBilinear, false);
defineResize(tf.ResizeNearestNeighbor, resizeNearest, true);
defineResizeGradient(tf.ResizeBilinearGrad, resizeBilinear);
defineResizeGradient(tf.ResizeNearestNeighborGrad, resizeNearest);

const flip = operator("aten::flip");
defineKernel<tf.FlipLeftRightInputs>(tf.FlipLeftRight, ({ image }, _, torch) =>
  torch.output(flip(torch.handle(image), [2]), image.shape, image.dtype),
);
