import * as tf from "@tensorflow/tfjs-core";

/**
 * Teaches tfjs-node's convolutions padding given in pixels, which they or their gradients refuse: the input is
 * padded first, and the kernel sees a convolution without padding ("valid").
 */
export function registerExplicitPadding(): void {
  wrapKernel(tf.Conv2D, (original, inputs, attributes) => {
    const padding = explicitPadding(attributes);
    if (!padding) return original(inputs, attributes);
    return original({ ...inputs, x: tf.pad(inputs.x as tf.Tensor, padding) }, withoutPadding(attributes));
  });
  wrapKernel(tf.Conv2DBackpropFilter, (original, inputs, attributes) => {
    const padding = explicitPadding(attributes);
    if (!padding) return original(inputs, attributes);
    return original({ ...inputs, x: tf.pad(inputs.x as tf.Tensor, padding) }, withoutPadding(attributes));
  });
  wrapKernel(tf.Conv2DBackpropInput, (original, inputs, attributes) => {
    const padding = explicitPadding(attributes);
    if (!padding) return original(inputs, attributes);
    const { inputShape } = attributes as unknown as tf.Conv2DBackpropInputAttrs;
    const paddedShape = inputShape.map((size, axis) => size + sum(padding[axis]));
    const gradient = original(inputs, { ...withoutPadding(attributes), inputShape: paddedShape });
    return tf.slice(
      gradient,
      padding.map(([before]) => before),
      inputShape,
    );
  });
}

/** Zeros before and after each axis; nothing for "same" and "valid", which the kernels know. */
function explicitPadding(attributes: tf.NamedAttrMap): [number, number][] | undefined {
  const { pad, dataFormat } = attributes as unknown as tf.Conv2DAttrs;
  if (typeof pad === "string") return undefined;
  if (typeof pad !== "number") return pad;
  const none: [number, number] = [0, 0];
  const both: [number, number] = [pad, pad];
  return dataFormat === "NCHW" ? [none, none, both, both] : [none, both, both, none];
}

function withoutPadding({ dimRoundingMode: _, ...attributes }: tf.NamedAttrMap): tf.NamedAttrMap {
  return { ...attributes, pad: "valid" };
}

function sum(pair: [number, number] | undefined): number {
  return pair ? pair[0] + pair[1] : 0;
}

type Kernel = (inputs: tf.NamedTensorMap, attributes: tf.NamedAttrMap) => tf.Tensor;

function wrapKernel(
  kernelName: string,
  wrapper: (original: Kernel, inputs: tf.NamedTensorMap, attributes: tf.NamedAttrMap) => tf.Tensor,
): void {
  const backendName = "tensorflow";
  const config = tf.getKernel(kernelName, backendName);
  tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({
    ...config,
    // Kernels get real tensors from TensorFlow.js's operations, although their type promises only a description.
    kernelFunc: ({ inputs, attrs = {}, backend }) => {
      const original: Kernel = (inputs, attrs) => config.kernelFunc({ inputs, attrs, backend }) as tf.Tensor;
      return tf.tidy(() => wrapper(original, inputs as tf.NamedTensorMap, attrs));
    },
  });
}
