import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { conv2d, type Parameters } from "../../src/index.js";
import { describeOnEveryEngine } from "../engines.js";
import { expectGradientsToMatch, normal } from "../gradient-check.js";

describeOnEveryEngine("gradients that TensorFlow.js lacks", () => {
  it.each([
    { dilation: 2, pad: "same" as const },
    { dilation: 3, pad: "valid" as const },
    { dilation: [1, 2] as [number, number], pad: "same" as const },
  ])("conv2d with dilation $dilation and padding $pad", ({ dilation, pad }) => {
    expectGradientsToMatch(
      (x, filter) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, pad, "NHWC", dilation),
      [normal([2, 9, 8, 3], 1), normal([3, 3, 3, 4], 2)],
    );
  });

  it("depthToSpace", () => {
    expectGradientsToMatch((x) => tf.depthToSpace(x as tf.Tensor4D, 2), [normal([2, 3, 2, 12], 1)]);
  });

  it.each([
    {
      equation: "bij,bjk->bik",
      shapes: [
        [2, 3, 4],
        [2, 4, 5],
      ],
    },
    {
      equation: "bhqc,bhkc->bhqk",
      shapes: [
        [2, 2, 3, 4],
        [2, 2, 5, 4],
      ],
    },
    {
      equation: "ij,jk->ki",
      shapes: [
        [3, 4],
        [4, 2],
      ],
    },
    {
      equation: "ij,kl->il",
      shapes: [
        [3, 4],
        [2, 5],
      ],
    },
    { equation: "i,j->ij", shapes: [[3], [4]] },
    {
      equation: "ij,ij->",
      shapes: [
        [3, 4],
        [3, 4],
      ],
    },
    { equation: "ijk->ki", shapes: [[2, 3, 4]] },
    { equation: "ij->", shapes: [[3, 4]] },
  ])("einsum $equation", ({ equation, shapes }) => {
    const inputs = shapes.map((shape, index) => normal(shape, index + 1));
    expectGradientsToMatch((...tensors) => tf.einsum(equation, ...tensors), inputs);
  });
});

describeOnEveryEngine("gradients", () => {
  it.each([1, 2])("conv2dTranspose with stride %d", (stride) => {
    expectGradientsToMatch(
      (x, filter) =>
        tf.conv2dTranspose(
          x as tf.Tensor4D,
          filter as tf.Tensor4D,
          [2, 4 * stride, 4 * stride, 3],
          stride,
          "same",
        ),
      [normal([2, 4, 4, 5], 1), normal([3, 3, 3, 5], 2)],
    );
  });

  it("gather, as in a table of embeddings with repeated and unused rows", () => {
    const rows = tf.tensor2d([0, 3, 3, 1], [2, 2], "int32");
    expectGradientsToMatch((table) => tf.gather(table, rows), [normal([5, 3], 1)]);
  });

  it.each([
    { name: "sum over all", f: (x: tf.Tensor) => tf.sum(tf.square(x)) },
    { name: "sum over leading axes", f: (x: tf.Tensor) => tf.sum(tf.square(x), [0, 1]) },
    { name: "sum over the middle, kept", f: (x: tf.Tensor) => tf.sum(tf.square(x), 1, true) },
    { name: "mean over all", f: (x: tf.Tensor) => tf.mean(tf.square(x)) },
    { name: "mean over the last", f: (x: tf.Tensor) => tf.mean(tf.square(x), -1) },
    { name: "mean over leading axes", f: (x: tf.Tensor) => tf.mean(tf.square(x), [0, 1]) },
    { name: "relu", f: (x: tf.Tensor) => tf.relu(x) },
    { name: "softmax", f: (x: tf.Tensor) => tf.softmax(x) },
    { name: "logSoftmax", f: (x: tf.Tensor) => tf.logSoftmax(x) },
    { name: "softplus", f: (x: tf.Tensor) => tf.softplus(x) },
    { name: "elu", f: (x: tf.Tensor) => tf.elu(x) },
    {
      name: "erf, the heart of GELU",
      f: (x: tf.Tensor) => tf.mul(x, tf.add(tf.erf(tf.div(x, Math.SQRT2)), 1)),
    },
    { name: "tile", f: (x: tf.Tensor) => tf.square(tf.tile(x, [2, 1, 3, 2])) },
    { name: "cumsum", f: (x: tf.Tensor) => tf.square(tf.cumsum(x, 1)) },
    { name: "split", f: (x: tf.Tensor) => tf.mul(...(tf.split(x, 2, 3) as [tf.Tensor, tf.Tensor])) },
    { name: "slice", f: (x: tf.Tensor) => tf.square(tf.slice(x, [0, 1, 1, 0], [2, 2, 3, 2])) },
    { name: "transpose", f: (x: tf.Tensor) => tf.square(tf.transpose(x, [3, 1, 0, 2])) },
    { name: "reverse", f: (x: tf.Tensor) => tf.mul(x, tf.reverse(x, [1, 2])) },
    { name: "max pooling", f: (x: tf.Tensor) => tf.maxPool(x as tf.Tensor4D, 2, 2, "same") },
    { name: "average pooling", f: (x: tf.Tensor) => tf.avgPool(x as tf.Tensor4D, 2, 2, "valid") },
    {
      name: "nearest, doubled",
      f: (x: tf.Tensor) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [8, 8]),
    },
    {
      name: "nearest, by 1.5",
      f: (x: tf.Tensor) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [6, 6]),
    },
    { name: "bilinear", f: (x: tf.Tensor) => tf.image.resizeBilinear(x as tf.Tensor4D, [7, 7]) },
  ])("$name", ({ f }) => {
    // Halves and quarters apart from 0: no kink within a step of the differences.
    const x = tf.tidy(() => {
      const drawn = normal([2, 4, 4, 4], 1);
      return tf.add(drawn, tf.mul(tf.sign(drawn), 0.25));
    });
    expectGradientsToMatch(f, [x], { step: 3e-3, tolerance: 2e-2 });
  });

  it("conv2d with padding in pixels, stride 2", () => {
    expectGradientsToMatch(
      (x, weight, bias) => {
        const parameters = { "c.weight": weight, "c.bias": bias } as unknown as Parameters;
        return conv2d(parameters, "c", x as tf.Tensor4D, 2, 1);
      },
      [normal([2, 8, 8, 3], 1), normal([3, 3, 3, 5], 2), normal([5], 3)],
    );
  });

  it("a penalty on the gradient with respect to pictures has a gradient with respect to the filters", () => {
    const penalty = (weight: tf.Tensor, head: tf.Tensor) => {
      const parameters = { "c.weight": weight, "c.bias": tf.zeros([4]) } as unknown as Parameters;
      const critic = (x: tf.Tensor) => {
        const hidden = tf.softplus(conv2d(parameters, "c", x as tf.Tensor4D, 2));
        return tf.sum(tf.mul(hidden, head));
      };
      return tf.sum(tf.square(tf.grad(critic)(normal([2, 6, 6, 3], 1))));
    };
    expectGradientsToMatch(penalty, [normal([3, 3, 3, 4], 2), normal([2, 3, 3, 4], 3)], { step: 3e-3 });
  });

  it("conv2d computes no gradient for a batch that nobody asked for", async () => {
    const parameters = {
      "c.weight": tf.tidy(() => tf.variable(normal([3, 3, 3, 4], 2))),
      "c.bias": tf.tidy(() => tf.variable(tf.zeros([4]))),
    };
    const x = normal([2, 8, 8, 3], 1) as tf.Tensor4D;
    const { kernelNames } = await tf.profile(() =>
      tf.tidy(() => {
        tf.variableGrads(() => tf.sum(conv2d(parameters, "c", x)), Object.values(parameters));
      }),
    );
    expect(kernelNames).toContain(tf.Conv2DBackpropFilter);
    expect(kernelNames).not.toContain(tf.Conv2DBackpropInput);
    tf.dispose([x, parameters]);
  });
});
