import * as tf from "@tensorflow/tfjs-core";
import { type Parameters, requireParameter } from "./parameters.js";

/**
 * A linear layer: `x weight + bias`.
 *
 * @param x `[..., size]`
 * @param name of the layer: parameters `<name>.weight` `[size, outSize]` and, where there is one, `<name>.bias` `[outSize]`
 * @returns `[..., outSize]`
 */
export function dense<Shape extends tf.Tensor>(parameters: Parameters, name: string, x: Shape): Shape {
  const weight = requireParameter(parameters, `${name}.weight`) as tf.Tensor as tf.Tensor2D;
  const bias: tf.Tensor | undefined = parameters[`${name}.bias`];
  const [size, outSize] = weight.shape;
  return tf.tidy(() => {
    const rows = tf.reshape(x, [-1, size]) as tf.Tensor2D;
    const result = tf.fused.matMul({ a: rows, b: weight, ...(bias && { bias }) });
    return tf.reshape(result, [...x.shape.slice(0, -1), outSize]);
  }) as Shape;
}
