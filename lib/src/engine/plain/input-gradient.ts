import * as tf from "@tensorflow/tfjs-core";
import type { InputGradient } from "../engine.js";
import { offTape } from "../off-tape.js";
import { freeingSavedOnError } from "./value-and-gradients.js";

/** By the tape: inside of another gradient its operations are recorded, those of the backward pass too. */
export function inputGradient<Shape extends tf.Tensor>(
  f: (x: Shape) => tf.Tensor,
  x: Shape,
): InputGradient<Shape> {
  let value: tf.Tensor | undefined;
  const gradient = freeingSavedOnError(() =>
    tf.tidy(() => {
      const point = offTape(x);
      const { value: result, grad } = tf.valueAndGrad((input) => f(input as Shape))(point);
      value = result;
      return [result, grad];
    }),
  )[1] as Shape;
  return { value: value as tf.Tensor, gradient };
}

export const stopGradient = offTape;
