import * as tf from "@tensorflow/tfjs-core";
import { isDifferentiatedTwice } from "../engine/plain/differentiated-twice.js";
import { type Parameters, requireParameter } from "./parameters.js";

/** PyTorch's default: keeps a constant row from dividing by zero. */
const defaultEpsilon = 1e-5;

/**
 * Layer normalisation (Ba et al. 2016, arXiv:1607.06450): every row gets mean 0 and variance 1 over its last axis, then
 * each position of that axis its own gain and offset.
 *
 * Can be differentiated twice inside `engine.inputGradient`, like `groupNorm`.
 *
 * @param x `[..., size]`
 * @param name of the layer: parameters `<name>.weight` and `<name>.bias`, both `[size]`
 * @returns the shape of `x`
 */
export function layerNorm<Shape extends tf.Tensor>(
  parameters: Parameters,
  name: string,
  x: Shape,
  epsilon = defaultEpsilon,
): Shape {
  const gain = requireParameter(parameters, `${name}.weight`);
  const offset = requireParameter(parameters, `${name}.bias`);
  return tf.tidy(() => tf.add(tf.mul(normaliseRows(x, epsilon), gain), offset)) as Shape;
}

/**
 * The normalisation alone, without gain and offset: diffusion transformers modulate it by the time instead.
 *
 * @param x `[..., size]`
 * @returns the shape of `x`
 */
export function normaliseRows<Shape extends tf.Tensor>(x: Shape, epsilon = defaultEpsilon): Shape {
  if (!isDifferentiatedTwice()) return normalise(epsilon)(x) as Shape;
  return tf.tidy(() => {
    const centred = tf.sub(x, tf.mean(x, -1, true));
    return tf.mul(centred, tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon)));
  }) as Shape;
}

/** Written out like the gradient of `groupNorm`, and for the same reason: fewer passes over the tensor. */
const normalise = (epsilon: number) =>
  tf.customGrad((...inputs) => {
    const [x, save] = inputs as unknown as [tf.Tensor, tf.GradSaveFunc];
    const meanOfRow = (rows: tf.Tensor) => tf.mean(rows, -1, true);
    const centred = tf.sub(x, meanOfRow(x));
    const inverseStd = tf.rsqrt(tf.add(meanOfRow(tf.square(centred)), epsilon));
    const value = tf.mul(centred, inverseStd);
    save([value, inverseStd]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [value, inverseStd] = saved as [tf.Tensor, tf.Tensor];
      const along = tf.sub(dy, meanOfRow(dy));
      return tf.mul(inverseStd, tf.sub(along, tf.mul(value, meanOfRow(tf.mul(dy, value)))));
    };
    return { value, gradFunc };
  });
