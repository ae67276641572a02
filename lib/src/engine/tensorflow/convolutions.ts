import * as tf from "@tensorflow/tfjs-core";
import type { ConvolutionGeometry } from "../composed-convolution.js";
import type { NodeBackend, OperationAttribute } from "./binding.js";
import { floatType, replaceKernel, text } from "./operations.js";

type Shape4D = [number, number, number, number];
type Padding = [number, number][];

/**
 * Convolutions and their gradients with padding in pixels, which tfjs-node's kernels or their gradients refuse.
 *
 * TensorFlow knows such padding ("EXPLICIT"), but computes its gradients twice as slowly as those of "SAME" and
 * "VALID". So it is called "SAME" where it is, and where it is not, the gradients take a padded input.
 */
export function registerConvolutions(): void {
  replaceKernel(tf.Conv2D, (backend, { x, filter }, attributes) =>
    convolve(backend, x as tf.Tensor4D, filter as tf.Tensor4D, attributes),
  );
  replaceKernel(tf.FusedConv2D, (backend, { x, filter, bias }, attributes) => {
    const { activation } = attributes as unknown as tf.FusedConv2DAttrs;
    if (activation !== "linear" || bias?.shape.length !== 1) return undefined;
    const convolved = convolve(backend, x as tf.Tensor4D, filter as tf.Tensor4D, attributes);
    if (!convolved) return undefined;
    const operation = [floatType(backend), text(backend, "data_format", "NHWC")];
    return backend.executeSingleOutput("BiasAdd", operation, [convolved, bias]);
  });
  replaceKernel(tf.Conv2DBackpropInput, (backend, inputs, attributes) => {
    const { dy, filter } = inputs as { dy: tf.Tensor4D; filter: tf.Tensor4D };
    const { inputShape } = attributes as unknown as tf.Conv2DBackpropInputAttrs;
    const geometry = geometryOf(inputShape, filter.shape, attributes);
    if (!geometry) return undefined;
    const padding = paddingInPixels(geometry);
    const shape = padding ? inputShape.map((size, axis) => size + sum(padding[axis])) : inputShape;
    const operation = describe(backend, geometry, padding ? "VALID" : undefined);
    const gradient = backend.executeSingleOutput(tf.Conv2DBackpropInput, operation, [
      tf.tensor1d(shape, "int32"),
      filter,
      dy,
    ]);
    if (!padding) return gradient;
    const start = padding.map(([before]) => before);
    return tf.slice(gradient, start, inputShape);
  });
  replaceKernel(tf.Conv2DBackpropFilter, (backend, inputs, attributes) => {
    const { x, dy } = inputs as { x: tf.Tensor4D; dy: tf.Tensor4D };
    const { filterShape } = attributes as unknown as tf.Conv2DBackpropFilterAttrs;
    const geometry = geometryOf(x.shape, filterShape, attributes);
    if (!geometry) return undefined;
    const padding = paddingInPixels(geometry);
    const padded = padding ? tf.pad(x, padding) : x;
    const { input, read } = pickPixels(padded, geometry);
    const operation = describe(backend, read, padding ? "VALID" : undefined);
    return backend.executeSingleOutput(tf.Conv2DBackpropFilter, operation, [
      input,
      tf.tensor1d(filterShape, "int32"),
      dy,
    ]);
  });
}

/**
 * A filter of one pixel with strides takes one pixel of every stride. These are picked here, since with few channels
 * oneDNN's gradient of such a filter is wrong on processors without AVX-512:
 * https://github.com/uxlfoundation/oneDNN/issues/6035
 */
function pickPixels(x: tf.Tensor4D, geometry: ConvolutionGeometry) {
  const { filterHeight, filterWidth, strideHeight, strideWidth } = geometry;
  const isOnePixel = filterHeight === 1 && filterWidth === 1;
  if (!isOnePixel || (strideHeight === 1 && strideWidth === 1)) return { input: x, read: geometry };
  const end = [
    x.shape[0],
    (geometry.outHeight - 1) * strideHeight + 1,
    (geometry.outWidth - 1) * strideWidth + 1,
  ];
  const input = tf.stridedSlice(x, [0, 0, 0, 0], [...end, x.shape[3]], [1, strideHeight, strideWidth, 1]);
  return { input, read: { ...geometry, strideHeight: 1, strideWidth: 1 } };
}

function convolve(
  backend: NodeBackend,
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  attributes: tf.NamedAttrMap,
): tf.Tensor | undefined {
  const geometry = geometryOf(x.shape, filter.shape, attributes);
  return geometry && backend.executeSingleOutput(tf.Conv2D, describe(backend, geometry), [x, filter]);
}

/** Nothing for what is left to tfjs-node's own kernels: channels first. */
function geometryOf(
  inputShape: Shape4D,
  filterShape: Shape4D,
  attributes: tf.NamedAttrMap,
): ConvolutionGeometry | undefined {
  const {
    strides,
    pad,
    dataFormat,
    dilations = 1,
    dimRoundingMode,
  } = attributes as unknown as tf.Conv2DAttrs;
  if (dataFormat === "NCHW") return undefined;
  const compute = (padding: typeof pad) =>
    tf.backend_util.computeConv2DInfo(inputShape, filterShape, strides, dilations, padding, dimRoundingMode);
  const geometry = compute(pad);
  const same = compute("same");
  const { top, bottom, left, right } = same.padInfo;
  const isSame =
    geometry.padInfo.top === top &&
    geometry.padInfo.bottom === bottom &&
    geometry.padInfo.left === left &&
    geometry.padInfo.right === right &&
    geometry.outShape.join() === same.outShape.join();
  return isSame ? same : geometry;
}

/** Zeros before and after each axis; nothing for "same" and "valid". */
function paddingInPixels({
  padInfo: { type, top, bottom, left, right },
}: ConvolutionGeometry): Padding | undefined {
  if (type === "SAME" || type === "VALID") return undefined;
  return [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
}

function describe(
  backend: NodeBackend,
  geometry: ConvolutionGeometry,
  padding?: "VALID",
): OperationAttribute[] {
  const { strideHeight, strideWidth, dilationHeight, dilationWidth, padInfo } = geometry;
  const integers = (name: string, value: number[]) => ({ name, type: backend.binding.TF_ATTR_INT, value });
  // "NUMBER" is TensorFlow.js's word for the same number of pixels on every side.
  const type = padding ?? (padInfo.type === "NUMBER" ? "EXPLICIT" : padInfo.type);
  const attributes: OperationAttribute[] = [
    floatType(backend),
    integers("strides", [1, strideHeight, strideWidth, 1]),
    integers("dilations", [1, dilationHeight, dilationWidth, 1]),
    text(backend, "padding", type),
    text(backend, "data_format", "NHWC"),
    { name: "use_cudnn_on_gpu", type: backend.binding.TF_ATTR_BOOL, value: true },
  ];
  if (type === "EXPLICIT") {
    const { top, bottom, left, right } = padInfo;
    attributes.push(integers("explicit_paddings", [0, 0, top, bottom, left, right, 0, 0]));
  }
  return attributes;
}

function sum(pair: [number, number] | undefined): number {
  return pair ? pair[0] + pair[1] : 0;
}
