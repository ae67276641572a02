import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import {
  conv2d,
  groupNorm,
  groupsOf,
  type Parameters,
  residualBlock,
  silu,
  upsampleNearest,
} from "../../src/index.js";
import { describeOnEveryEngine } from "../engines.js";
import { expectGradientsToMatch, normal } from "../gradient-check.js";

/** Layers take variables by name; gradients are asked for by tensors. Both have the operations' interface. */
function named(names: string[], tensors: tf.Tensor[]): Parameters {
  return Object.fromEntries(names.map((name, index) => [name, tensors[index] as tf.Variable]));
}

describeOnEveryEngine("layers", () => {
  it.each([
    { size: 3, stride: 1 },
    { size: 3, stride: 2 },
    { size: 1, stride: 1 },
  ])("conv2d has the gradient of its differences (filter $size, stride $stride)", ({ size, stride }) => {
    const names = ["c.weight", "c.bias"];
    const inputs = [normal([2, 6, 6, 3], 1), normal([size, size, 3, 5], 2), normal([5], 3)];
    expectGradientsToMatch((x, ...rest) => conv2d(named(names, rest), "c", x as tf.Tensor4D, stride), inputs);
  });

  it("groupNorm has the gradient of its differences", () => {
    const inputs = [normal([2, 4, 4, 8], 1), normal([8], 2), normal([8], 3)];
    expectGradientsToMatch(
      (x, ...rest) => groupNorm(named(["n.weight", "n.bias"], rest), "n", x as tf.Tensor4D),
      inputs,
    );
  });

  it("silu has the gradient of its differences", () => {
    expectGradientsToMatch((x) => silu(x), [normal([3, 7], 1, 2)]);
  });

  it("upsampleNearest has the gradient of its differences", () => {
    expectGradientsToMatch((x) => upsampleNearest(x as tf.Tensor4D), [normal([2, 3, 4, 5], 1)]);
  });

  it("residualBlock has the gradient of its differences, with and without a projection", () => {
    for (const outChannels of [8, 4]) {
      const shapes: Record<string, number[]> = {
        "r.norm1.weight": [8],
        "r.norm1.bias": [8],
        "r.conv1.weight": [3, 3, 8, outChannels],
        "r.conv1.bias": [outChannels],
        "r.norm2.weight": [outChannels],
        "r.norm2.bias": [outChannels],
        "r.conv2.weight": [3, 3, outChannels, outChannels],
        "r.conv2.bias": [outChannels],
        ...(outChannels !== 8 && {
          "r.conv_shortcut.weight": [1, 1, 8, outChannels],
          "r.conv_shortcut.bias": [outChannels],
        }),
      };
      const inputs = Object.values(shapes).map((shape, index) => normal(shape, 10 + index, 0.5));
      expectGradientsToMatch(
        (x, ...rest) => residualBlock(named(Object.keys(shapes), rest), "r", x as tf.Tensor4D),
        [normal([2, 4, 4, 8], 1), ...inputs],
        { step: 3e-3, tolerance: 2e-2 },
      );
    }
  });

  it("groupNorm gives every group mean 0 and variance 1, however far from 0 it was", () => {
    const x = tf.add(tf.mul(normal([2, 4, 4, 8], 1), 0.01), 100) as tf.Tensor4D;
    const parameters = named(["n.weight", "n.bias"], [tf.ones([8]), tf.zeros([8])]);
    const normalised = groupNorm(parameters, "n", x);
    const { mean, variance } = tf.moments(tf.reshape(normalised, [2, 16, 2, 4]), [1, 3]);
    for (const value of mean.dataSync()) expect(Math.abs(value)).toBeLessThan(0.02);
    for (const value of variance.dataSync()) expect(value).toBeCloseTo(1, 1);
  });

  it("groupNorm survives a constant picture", () => {
    const parameters = named(["n.weight", "n.bias"], [tf.ones([8]), tf.fill([8], 0.5)]);
    const values = groupNorm(parameters, "n", tf.fill([1, 4, 4, 8], 3)).dataSync();
    for (const value of values) expect(value).toBeCloseTo(0.5, 3);
  });

  it("upsampleNearest repeats pixels", () => {
    const doubled = upsampleNearest(tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]));
    expect(Array.from(doubled.dataSync())).toEqual([1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4]);
  });
});

it("makes groups of four channels or more, 32 groups at most", () => {
  expect([3, 4, 6, 16, 64, 128, 512].map(groupsOf)).toEqual([1, 1, 1, 4, 16, 32, 32]);
});
