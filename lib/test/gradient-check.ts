import * as tf from "@tensorflow/tfjs-core";
import { expect } from "vitest";
import { createRandom } from "../src/index.js";

/**
 * Compares the gradient of `f` with central differences of the engine's own forward pass, along random directions:
 * d/dt <w, f(x + t d)> at t = 0 against <grad, d>, with a random weighting w of the outputs so that no error cancels.
 */
export function expectGradientsToMatch(
  f: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: tf.Tensor[],
  { step = 1e-2, tolerance = 1e-2, seed = 1 } = {},
): void {
  tf.tidy(() => {
    const random = createRandom(seed);
    const normalLike = (tensor: tf.Tensor) =>
      tf.tensor(random.fillNormal(new Float32Array(tensor.size)), tensor.shape);
    const weights = normalLike(f(...inputs));
    const weighted = (...values: tf.Tensor[]) => tf.sum(tf.mul(f(...values), weights));
    const gradients = tf.grads(weighted)(inputs);
    for (const [position, input] of inputs.entries()) {
      const gradient = gradients[position] as tf.Tensor;
      expect(gradient.shape).toEqual(input.shape);
      for (let direction = 0; direction < 3; direction++) {
        const delta = normalLike(input);
        const at = (distance: number) => {
          const moved = inputs.map((other, index) =>
            index === position ? tf.add(other, tf.mul(delta, distance)) : other,
          );
          return weighted(...moved).dataSync()[0] as number;
        };
        const numeric = (at(step) - at(-step)) / (2 * step);
        const analytic = tf.sum(tf.mul(gradient, delta)).dataSync()[0] as number;
        // The length of the gradient is the scale: a direction that happens to be flat must not be judged by its own.
        const scale = tf.norm(gradient).dataSync()[0] as number;
        expect(scale).toBeGreaterThan(0);
        expect(Math.abs(analytic - numeric) / scale).toBeLessThan(tolerance);
      }
    }
  });
}

/** A tensor of seeded normal numbers. */
export function normal(shape: number[], seed: number, scale = 1): tf.Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  const values = createRandom(seed).fillNormal(new Float32Array(size));
  return tf.tensor(
    values.map((value) => value * scale),
    shape,
  );
}
