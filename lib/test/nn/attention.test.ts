import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import {
  addAttentionBlock,
  attentionBlock,
  createRandom,
  dense,
  layerNorm,
  multiHeadAttention,
  normaliseRows,
  type Parameters,
} from "../../src/index.js";
import { describeOnEveryEngine } from "../engines.js";
import { expectGradientsToMatch, normal } from "../gradient-check.js";

/** Layers take variables by name; gradients are asked for by tensors. Both have the operations' interface. */
function named(names: string[], tensors: tf.Tensor[]): Parameters {
  return Object.fromEntries(names.map((name, index) => [name, tensors[index] as tf.Variable]));
}

/** The definition, a number at a time, in doubles. */
function attendByHand(query: number[][], key: number[][], value: number[][]): number[][] {
  return query.map((row) => {
    const scores = key.map((other) =>
      Math.exp(row.reduce((sum, x, index) => sum + x * (other[index] as number), 0) / Math.sqrt(row.length)),
    );
    const total = scores.reduce((sum, score) => sum + score, 0);
    return (value[0] as number[]).map((_, channel) =>
      value.reduce(
        (sum, other, at) => sum + ((scores[at] as number) / total) * (other[channel] as number),
        0,
      ),
    );
  });
}

describeOnEveryEngine("attention", () => {
  it("is what its definition says, each head by itself", () => {
    const [query, key, value] = [
      normal([2, 5, 6], 1),
      normal([2, 7, 6], 2),
      normal([2, 7, 6], 3),
    ] as tf.Tensor3D[] as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
    const attended = multiHeadAttention(query, key, value, 2);
    expect(attended.shape).toEqual([2, 5, 6]);
    const [q, k, v, actual] = [query, key, value, attended].map((tensor) =>
      tensor.arraySync(),
    ) as number[][][][];
    for (const picture of [0, 1]) {
      for (const head of [0, 1]) {
        const part = (rows: number[][] | undefined) =>
          (rows ?? []).map((row) => row.slice(3 * head, 3 * head + 3));
        const expected = attendByHand(part(q?.[picture]), part(k?.[picture]), part(v?.[picture]));
        for (const [row, numbers] of part(actual?.[picture]).entries()) {
          for (const [index, number] of numbers.entries())
            expect(number).toBeCloseTo(expected[row]?.[index] as number, 4);
        }
      }
    }
  });

  it("has the gradient of its differences", () => {
    expectGradientsToMatch(
      (query, key, value) =>
        multiHeadAttention(query as tf.Tensor3D, key as tf.Tensor3D, value as tf.Tensor3D, 2),
      [normal([2, 5, 6], 1), normal([2, 7, 6], 2), normal([2, 7, 6], 3)],
      { step: 3e-3 },
    );
  });

  it("adds itself to a picture under diffusers' names, with the gradient of its differences", () => {
    const parameters: Parameters = {};
    addAttentionBlock(parameters, createRandom(1), "mid.attentions.0", 8);
    const names = Object.keys(parameters);
    expect(names.sort()).toEqual(
      ["group_norm", "to_k", "to_out.0", "to_q", "to_v"].flatMap((layer) => [
        `mid.attentions.0.${layer}.bias`,
        `mid.attentions.0.${layer}.weight`,
      ]),
    );
    // The keys' bias moves all scores of a query alike, which the softmax does not see: its gradient is 0.
    const bias = { "mid.attentions.0.to_k.bias": parameters["mid.attentions.0.to_k.bias"] as tf.Variable };
    const others = names.filter((name) => !(name in bias));
    const shapeOf = (name: string) => (parameters[name] as tf.Variable).shape;
    expectGradientsToMatch(
      (x, ...rest) =>
        attentionBlock({ ...named(others, rest), ...bias }, "mid.attentions.0", x as tf.Tensor4D),
      [normal([2, 3, 3, 8], 1), ...others.map((name, index) => normal(shapeOf(name), 10 + index, 0.5))],
      { step: 3e-3, tolerance: 2e-2 },
    );
    tf.dispose(parameters);
  });

  it("refuses heads that do not divide the channels", () => {
    const x = normal([1, 2, 6], 1) as tf.Tensor3D;
    expect(() => multiHeadAttention(x, x, x, 4)).toThrow(/6 channels.*4 heads/);
  });
});

describeOnEveryEngine("layers on rows", () => {
  it("dense is a matrix product over the last axis, with bias and without", () => {
    const x = tf.tensor3d([1, 2, 3, 4, 5, 6], [1, 3, 2]);
    const weight = tf.tensor2d([1, 10, 100, 1000], [2, 2]);
    const without = dense(named(["d.weight"], [weight]), "d", x);
    expect(without.shape).toEqual([1, 3, 2]);
    expect(Array.from(without.dataSync())).toEqual([201, 2010, 403, 4030, 605, 6050]);
    const parameters = named(["d.weight", "d.bias"], [weight, tf.tensor1d([0.5, -0.5])]);
    expect(Array.from(dense(parameters, "d", x).dataSync()).slice(0, 2)).toEqual([201.5, 2009.5]);
  });

  it("dense and layerNorm have the gradients of their differences", () => {
    expectGradientsToMatch(
      (x, ...rest) => dense(named(["d.weight", "d.bias"], rest), "d", x),
      [normal([2, 3, 4], 1), normal([4, 5], 2), normal([5], 3)],
    );
    expectGradientsToMatch(
      (x, ...rest) => layerNorm(named(["n.weight", "n.bias"], rest), "n", x),
      [normal([2, 3, 6], 1), normal([6], 2), normal([6], 3)],
      { step: 3e-3 },
    );
  });

  it("normaliseRows gives every row mean 0 and variance 1, however far from 0 it was", () => {
    const rows = normaliseRows(tf.add(tf.mul(normal([4, 64], 1), 0.1), 100));
    const { mean, variance } = tf.moments(rows, -1);
    for (const value of mean.dataSync()) expect(Math.abs(value)).toBeLessThan(0.01);
    for (const value of variance.dataSync()) expect(value).toBeCloseTo(1, 1);
  });
});
