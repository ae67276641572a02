import * as tf from "@tensorflow/tfjs-core";

type Shape4D = [number, number, number, number];
type Geometry = ReturnType<typeof tf.backend_util.computeConv2DInfo>;

/**
 * Teaches tfjs-node's convolution gradients padding given in pixels, which they refuse: the padding is made
 * explicit, and the gradient kernel sees a convolution without padding ("valid").
 */
export function registerExplicitPadding(): void {
  wrapKernel(tf.Conv2DBackpropFilter, (original, inputs, attributes) => {
    const { x, dy } = inputs as { x: tf.Tensor4D; dy: tf.Tensor4D };
    const { filterShape } = attributes as unknown as tf.Conv2DBackpropFilterAttrs;
    const geometry = computeGeometry(x.shape, filterShape, attributes);
    if (!hasExplicitPadding(geometry)) return original(inputs, attributes);
    const padded = tf.pad(x, paddingOf(geometry));
    return original({ x: padded, dy }, { ...attributes, pad: "valid" });
  });
  wrapKernel(tf.Conv2DBackpropInput, (original, inputs, attributes) => {
    const { filter } = inputs as { filter: tf.Tensor4D };
    const { inputShape } = attributes as unknown as tf.Conv2DBackpropInputAttrs;
    const geometry = computeGeometry(inputShape, filter.shape, attributes);
    if (!hasExplicitPadding(geometry)) return original(inputs, attributes);
    const padding = paddingOf(geometry);
    const paddedShape = inputShape.map(
      (size, axis) => size + (padding[axis]?.[0] ?? 0) + (padding[axis]?.[1] ?? 0),
    );
    const gradient = original(inputs, {
      ...attributes,
      inputShape: paddedShape,
      pad: "valid",
    });
    return tf.slice(
      gradient,
      padding.map(([before]) => before),
      inputShape,
    );
  });
}

function computeGeometry(inputShape: Shape4D, filterShape: Shape4D, attributes: tf.NamedAttrMap): Geometry {
  const { strides, pad, dataFormat, dimRoundingMode } = attributes as unknown as tf.Conv2DBackpropInputAttrs;
  const layout = tf.backend_util.convertConv2DDataFormat(dataFormat);
  return tf.backend_util.computeConv2DInfo(
    inputShape,
    filterShape,
    strides,
    1,
    pad,
    dimRoundingMode,
    false,
    layout,
  );
}

function hasExplicitPadding(geometry: Geometry): boolean {
  return geometry.padInfo.type !== "SAME" && geometry.padInfo.type !== "VALID";
}

function paddingOf({ padInfo, dataFormat }: Geometry): [number, number][] {
  const rows: [number, number] = [padInfo.top, padInfo.bottom];
  const columns: [number, number] = [padInfo.left, padInfo.right];
  const none: [number, number] = [0, 0];
  return dataFormat === "channelsLast" ? [none, rows, columns, none] : [none, none, rows, columns];
}

type Kernel = (inputs: tf.NamedTensorMap, attributes: tf.NamedAttrMap) => tf.Tensor;

function wrapKernel(
  kernelName: string,
  wrapper: (original: Kernel, inputs: tf.NamedTensorMap, attributes: tf.NamedAttrMap) => tf.Tensor,
): void {
  const backendName = "tensorflow";
  const config = tf.getKernel(kernelName, backendName);
  tf.unregisterKernel(kernelName, backendName);
  const backend = tf.backend();
  const original: Kernel = (inputs, attrs) => config.kernelFunc({ inputs, attrs, backend }) as tf.Tensor;
  tf.registerKernel({
    kernelName,
    backendName,
    kernelFunc: ({ inputs, attrs }) =>
      tf.tidy(() => wrapper(original, inputs as tf.NamedTensorMap, attrs ?? {})),
  });
}
