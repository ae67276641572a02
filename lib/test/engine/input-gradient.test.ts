import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import {
  attentionBlock,
  conv2d,
  dense,
  engine,
  groupNorm,
  layerNorm,
  type Parameters,
  silu,
  upsampleNearest,
} from "../../src/index.js";
import { describeOnEveryEngine } from "../engines.js";
import { normal } from "../gradient-check.js";

const variable = (shape: number[], seed: number, scale = 1) =>
  tf.tidy(() => tf.variable(normal(shape, seed, scale)));

/** Sum over a picture of its squared gradient, mean over the batch. */
const penaltyOf = (f: (x: tf.Tensor4D) => tf.Tensor, x: tf.Tensor4D) => {
  const { gradient } = engine.inputGradient(f, x);
  return tf.div(tf.sum(tf.square(gradient)), x.shape[0]) as tf.Scalar;
};

/** The gradient of a penalty along a random direction of the parameters, beside the difference of the penalty. */
function expectPenaltyGradient(penalty: () => tf.Scalar, parameters: Parameters, step = 2e-3): void {
  const { value, gradients } = engine.valueAndGradients(penalty, parameters);
  const at = () => tf.tidy(() => penalty().dataSync()[0] as number);
  // The same penalty whether something is recorded or not.
  expect(value.dataSync()[0]).toBeCloseTo(at(), 3);
  for (const [index, [name, parameter]] of Object.entries(parameters).entries()) {
    const gradient = gradients[name];
    expect(gradient?.shape, name).toEqual(parameter.shape);
    const direction = normal(parameter.shape, 200 + index);
    const move = (distance: number) =>
      tf.tidy(() => parameter.assign(tf.add(parameter, tf.mul(direction, distance))));
    const [analytic, scale] = tf.tidy(() => [
      tf.sum(tf.mul(gradient as tf.Tensor, direction)).dataSync()[0] as number,
      tf.norm(gradient as tf.Tensor).dataSync()[0] as number,
    ]);
    move(step);
    const above = at();
    move(-2 * step);
    const below = at();
    move(step);
    const numeric = (above - below) / (2 * step);
    expect(Math.abs(analytic - numeric) / Math.max(scale, 1e-2), name).toBeLessThan(0.03);
    direction.dispose();
  }
  tf.dispose([value, gradients]);
}

describeOnEveryEngine("inputGradient", () => {
  it("is the gradient of the sum, and returns the values", () => {
    const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    const { value, gradient } = engine.inputGradient((point) => tf.sum(tf.square(point), 1), x);
    expect(Array.from(value.dataSync())).toEqual([5, 25]);
    expect(Array.from(gradient.dataSync())).toEqual([2, 4, 6, 8]);
    tf.dispose([x, value, gradient]);
  });

  it("of a quadratic form: the penalty and its gradient are the closed form", () => {
    // f(x) = a x^2 / 2 summed over a picture, so df/dx = a x; penalty = mean over pictures of a^2 |x|^2.
    const x = normal([3, 2, 2, 1], 1) as tf.Tensor4D;
    const a = tf.variable(tf.scalar(1.5));
    const { value, gradients } = engine.valueAndGradients(
      () => penaltyOf((point) => tf.mul(tf.div(a, 2), tf.sum(tf.square(point), [1, 2, 3])), x),
      { a: a as tf.Variable },
    );
    const square = Array.from(x.dataSync()).reduce((sum, number) => sum + number ** 2, 0) / 3;
    expect(value.dataSync()[0]).toBeCloseTo(1.5 ** 2 * square, 4);
    expect(gradients.a?.dataSync()[0]).toBeCloseTo(2 * 1.5 * square, 4);
    tf.dispose([x, a, value, gradients]);
  });

  it("of a linear convolution: the penalty does not depend on the pictures", () => {
    // A 1 x 1 convolution summed over everything: df/dx at channel c is w_c = sum over outputs of w[c, o].
    const parameters = { "c.weight": variable([1, 1, 3, 4], 2), "c.bias": variable([4], 3) };
    const sums = tf.tidy(() => tf.sum(parameters["c.weight"], [0, 1, 3]).dataSync());
    for (const seed of [1, 2]) {
      const x = normal([2, 5, 4, 3], seed) as tf.Tensor4D;
      const { value, gradients } = engine.valueAndGradients(
        () => penaltyOf((point) => conv2d(parameters, "c", point), x),
        parameters,
      );
      expect(value.dataSync()[0]).toBeCloseTo(
        20 * Array.from(sums).reduce((sum, number) => sum + number ** 2, 0),
        3,
      );
      const expected = Array.from(sums).flatMap((number) => Array<number>(4).fill(40 * number));
      for (const [index, number] of (gradients["c.weight"]?.dataSync() ?? []).entries())
        expect(number).toBeCloseTo(expected[index] as number, 3);
      tf.dispose([x, value, gradients]);
    }
    tf.dispose(parameters);
  });

  it.each([
    { stride: 1, pad: "same" as const },
    { stride: 2, pad: 1 },
    { stride: 2, pad: "same" as const },
  ])("through convolutions and leaky ReLU, stride $stride, padding $pad", ({ stride, pad }) => {
    const parameters = {
      "one.weight": variable([4, 4, 3, 6], 1, 0.15),
      // Far from 0 on both sides: where a unit changes sides, the gradient of a leaky ReLU jumps, and so does the penalty.
      "one.bias": tf.variable(tf.tensor1d([5, -5, 5, -5, 5, -5])),
      "two.weight": variable([3, 3, 6, 4], 3, 0.3),
      "two.bias": variable([4], 4, 0.3),
    };
    const x = normal([2, 8, 8, 3], 9) as tf.Tensor4D;
    const f = (point: tf.Tensor4D) => {
      const hidden = tf.leakyRelu(conv2d(parameters, "one", point, stride, pad), 0.2);
      return tf.softplus(conv2d(parameters, "two", hidden, stride, pad));
    };
    expectPenaltyGradient(() => penaltyOf(f, x), parameters);
    tf.dispose([x, parameters]);
  });

  it("through the library's normalisations, attention and activations", () => {
    const parameters: Parameters = {
      "c.weight": variable([3, 3, 3, 8], 1, 0.3),
      "c.bias": variable([8], 2, 0.3),
      "n.weight": variable([8], 3),
      "n.bias": variable([8], 4),
      "d.weight": variable([8, 4], 5, 0.4),
      "l.weight": variable([4], 6),
      "l.bias": variable([4], 7),
      "a.group_norm.weight": variable([8], 8),
      "a.group_norm.bias": variable([8], 9),
    };
    for (const [index, name] of ["to_q", "to_k", "to_v", "to_out.0"].entries()) {
      parameters[`a.${name}.weight`] = variable([8, 8], 10 + index, 0.4);
    }
    const x = normal([2, 4, 4, 3], 20) as tf.Tensor4D;
    const f = (point: tf.Tensor4D) => {
      const hidden = groupNorm(parameters, "n", conv2d(parameters, "c", point), { activation: "silu" });
      const attended = attentionBlock(parameters, "a", hidden);
      return silu(layerNorm(parameters, "l", dense(parameters, "d", attended)));
    };
    expectPenaltyGradient(() => penaltyOf(f, x), parameters, 1e-3);
    tf.dispose([x, parameters]);
  });

  it.each<[string, (x: tf.Tensor4D) => tf.Tensor]>([
    ["relu", (x) => tf.square(tf.relu(x))],
    ["clipping", (x) => tf.square(tf.clipByValue(x, -1, 1))],
    ["a choice", (x) => tf.where(tf.greater(x, 0), tf.square(x), tf.mul(x, tf.square(x)))],
    ["a maximum of two", (x) => tf.square(tf.maximum(x, tf.square(x)))],
    ["a maximum along an axis", (x) => tf.square(tf.max(x, 3))],
    ["doubling", (x) => tf.square(upsampleNearest(x))],
    ["bilinear resizing", (x) => tf.square(tf.image.resizeBilinear(x, [7, 7]))],
    ["average pooling", (x) => tf.square(tf.avgPool(x, 2, 2, "valid"))],
    ["moments", (x) => tf.div(tf.square(x), tf.sqrt(tf.add(tf.moments(x, [0, 1, 2]).variance, 1)))],
    ["exp", (x) => tf.exp(x)],
    ["sigmoid", (x) => tf.sigmoid(x)],
    ["softmax", (x) => tf.square(tf.softmax(x))],
    ["logSoftmax", (x) => tf.square(tf.logSoftmax(x))],
    ["tanh", (x) => tf.tanh(x)],
    ["slices and joins", (x) => tf.square(tf.concat([...tf.split(tf.square(x), 2, 3)].reverse(), 3))],
  ])("through %s", (_, f) => {
    const parameters = { "c.weight": variable([3, 3, 2, 4], 1, 0.3), "c.bias": variable([4], 2, 0.3) };
    const x = normal([2, 4, 4, 2], 5) as tf.Tensor4D;
    expectPenaltyGradient(() => penaltyOf((point) => f(conv2d(parameters, "c", point)), x), parameters, 1e-3);
    tf.dispose([x, parameters]);
  });

  it("takes its point for a constant, and stopGradient what it is given", () => {
    const a = tf.variable(tf.scalar(3)) as tf.Variable;
    const { gradients } = engine.valueAndGradients(
      () => {
        // d/dx (a x^2) = 2 a x at x = a: with x as a constant, the derivative with respect to a is 2 x = 6, not 4 a = 12.
        const { gradient } = engine.inputGradient((x) => tf.mul(a, tf.square(x)), tf.mul(a, 1));
        return tf.add(gradient, tf.mul(a, engine.stopGradient(tf.square(a)))) as tf.Scalar;
      },
      { a },
    );
    expect(gradients.a?.dataSync()[0]).toBeCloseTo(6 + 9, 4);
    tf.dispose([a, gradients]);
  });

  it("leaves nothing behind, also where the function throws", () => {
    const x = normal([2, 2], 1);
    const parameters = { a: variable([2, 2], 2) };
    const count = () => [tf.memory().numTensors, engine.memory().tensors];
    const run = (fail: boolean) => {
      const { value, gradients } = engine.valueAndGradients(() => {
        const { gradient } = engine.inputGradient((point) => {
          const product = tf.matMul(tf.square(point), parameters.a as unknown as tf.Tensor2D);
          if (fail) throw new Error("in the middle");
          return product;
        }, x);
        return tf.sum(tf.square(gradient)) as tf.Scalar;
      }, parameters);
      tf.dispose([value, gradients]);
    };
    run(false);
    const before = count();
    run(false);
    expect(() => run(true)).toThrow("in the middle");
    expect(() => engine.inputGradient(() => tf.scalar(1), x)).toThrow(/gradient|depend/);
    const { value, gradient } = engine.inputGradient((point) => tf.square(point), x);
    const stopped = engine.stopGradient(x);
    tf.dispose([value, gradient, stopped]);
    expect(count()).toEqual(before);
    tf.dispose([x, parameters]);
  });
});
