import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { autoencoderLoss, createAutoencoder, klDivergence, squaredError } from "../../src/index.js";

import { describeOnEveryEngine } from "../engines.js";
import { expectGradientsToMatch, normal } from "../gradient-check.js";

describeOnEveryEngine("losses", () => {
  it("klDivergence is the closed form, in nats a picture", () => {
    const mean = tf.tensor4d([1, 0, -2, 0.5], [2, 1, 1, 2]);
    const logvar = tf.tensor4d([0, 1, -1, 0], [2, 1, 1, 2]);
    const nats = (mu: number, logarithm: number) => 0.5 * (mu ** 2 + Math.exp(logarithm) - 1 - logarithm);
    const expected = (nats(1, 0) + nats(0, 1) + nats(-2, -1) + nats(0.5, 0)) / 2;
    expect(klDivergence({ mean, logvar }).dataSync()[0]).toBeCloseTo(expected, 5);
    expect(klDivergence({ mean: tf.zerosLike(mean), logvar: tf.zerosLike(mean) }).dataSync()[0]).toBe(0);
  });

  it("squaredError is a sum over the picture and a mean over the batch", () => {
    const a = tf.tensor4d([0, 0, 0, 0], [2, 1, 2, 1]);
    const b = tf.tensor4d([1, 2, 3, 0], [2, 1, 2, 1]);
    expect(squaredError(a, b).dataSync()[0]).toBeCloseTo((1 + 4 + 9) / 2, 5);
  });

  it("the losses have the gradients of their differences", () => {
    expectGradientsToMatch(
      (mean, logvar) => klDivergence({ mean: mean as tf.Tensor4D, logvar: logvar as tf.Tensor4D }),
      [normal([2, 2, 2, 3], 1), normal([2, 2, 2, 3], 2)],
    );
    expectGradientsToMatch(
      (a, b) => squaredError(a as tf.Tensor4D, b as tf.Tensor4D),
      [normal([2, 4, 4, 3], 1), normal([2, 4, 4, 3], 2)],
    );
  });

  it("the whole loss has the gradient of its differences with respect to the parameters", () => {
    const model = createAutoencoder({
      imageSize: 8,
      widths: [4, 8],
      downsampling: 2,
      latentChannels: 2,
      seed: 1,
    });
    const pictures = normal([2, 8, 8, 3], 1, 0.5) as tf.Tensor4D;
    const noise = normal([2, 4, 4, 2], 2) as tf.Tensor4D;
    const loss = () => autoencoderLoss(model, pictures, noise, 0.1).loss;
    const variables = Object.values(model.parameters);
    const { value, grads } = tf.variableGrads(loss, variables);
    expect(Object.keys(grads)).toHaveLength(variables.length);
    const direction = variables.map((variable, index) => normal(variable.shape, 100 + index));
    const move = (distance: number) => {
      for (const [index, variable] of variables.entries()) {
        tf.tidy(() => variable.assign(tf.add(variable, tf.mul(direction[index] as tf.Tensor, distance))));
      }
    };
    const step = 1e-3;
    move(step);
    const above = loss().dataSync()[0] as number;
    move(-2 * step);
    const below = loss().dataSync()[0] as number;
    const analytic = variables.reduce((sum, variable, index) => {
      const product = tf.sum(tf.mul(grads[variable.name] as tf.Tensor, direction[index] as tf.Tensor));
      return sum + (product.dataSync()[0] as number);
    }, 0);
    expect(value.dataSync()[0]).toBeGreaterThan(0);
    expect(Math.abs((above - below) / (2 * step) / analytic - 1)).toBeLessThan(0.03);
    model.dispose();
  });
});
