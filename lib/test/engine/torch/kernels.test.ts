import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { expectSameAsReference, numbers, startTorch } from "./support.js";

/**
 * Sizes that TensorFlow.js's own tests of its operations (`test/tfjs-core`) do not have: odd ones, strides that do not
 * divide, paddings that differ from side to side; and gradients by the tape, which go through the kernels for those.
 */
describe("kernels of the torch engine", () => {
  beforeAll(async () => {
    await startTorch();
  });

  const image = (channels = 4) => numbers([2, 7, 9, channels], 3) as tf.Tensor4D;
  const withGradients = (f: (...inputs: tf.Tensor[]) => tf.Tensor, inputs: () => tf.Tensor[]) => () => {
    const tensors = inputs();
    const value = f(...tensors);
    const weights = numbers(value.shape, 11);
    return [value, ...tf.grads((...xs: tf.Tensor[]) => tf.sum(tf.mul(f(...xs), weights)))(tensors)];
  };

  describe.each(["same", "valid", 1] as const)("padding %s", (pad) => {
    it.each([1, 2, 3])("conv2d, stride %i", async (stride) => {
      const convolve = (x: tf.Tensor, w: tf.Tensor) =>
        tf.conv2d(
          x as tf.Tensor4D,
          w as tf.Tensor4D,
          stride,
          pad,
          "NHWC",
          1,
          pad === 1 ? "floor" : undefined,
        );
      await expectSameAsReference(withGradients(convolve, () => [image(), numbers([3, 2, 4, 5], 4)]));
    });

    it.each([1, 2])("depthwiseConv2d, stride %i", async (stride) => {
      const convolve = (x: tf.Tensor, w: tf.Tensor) =>
        tf.depthwiseConv2d(
          x as tf.Tensor4D,
          w as tf.Tensor4D,
          stride,
          pad,
          "NHWC",
          1,
          pad === 1 ? "floor" : undefined,
        );
      await expectSameAsReference(withGradients(convolve, () => [image(), numbers([3, 3, 4, 2], 4)]));
    });

    it.each([1, 2, 3])("maxPool and avgPool, stride %i", async (stride) => {
      const rounding = pad === 1 ? "floor" : undefined;
      const pool = (x: tf.Tensor) => tf.maxPool(x as tf.Tensor4D, [3, 2], stride, pad, rounding);
      await expectSameAsReference(withGradients(pool, () => [image()]));
      await expectSameAsReference(() => tf.avgPool(image(), [3, 2], stride, pad, rounding));
    });
  });

  it("avgPool has the gradient of its mean where no padding is in it", async () => {
    const pool = (x: tf.Tensor) => tf.avgPool(x as tf.Tensor4D, 3, 2, "valid");
    await expectSameAsReference(withGradients(pool, () => [image()]));
  });

  it("dilated convolutions", async () => {
    await expectSameAsReference(() =>
      tf.conv2d(image(), numbers([3, 3, 4, 5], 4) as tf.Tensor4D, 1, "same", "NHWC", 2),
    );
    await expectSameAsReference(() =>
      tf.depthwiseConv2d(image(), numbers([3, 3, 4, 2], 4) as tf.Tensor4D, 1, "same", "NHWC", [2, 3]),
    );
  });

  it("conv2dTranspose, with its gradients", async () => {
    const convolve = (x: tf.Tensor, w: tf.Tensor) =>
      tf.conv2dTranspose(x as tf.Tensor4D, w as tf.Tensor4D, [2, 14, 18, 3], 2, "same");
    await expectSameAsReference(withGradients(convolve, () => [image(), numbers([3, 3, 3, 4], 4)]));
  });

  it("conv3d, with its gradients", async () => {
    const convolve = (x: tf.Tensor, w: tf.Tensor) => tf.conv3d(x as tf.Tensor5D, w as tf.Tensor5D, 2, "same");
    await expectSameAsReference(
      withGradients(convolve, () => [numbers([1, 5, 6, 7, 2], 3), numbers([3, 3, 2, 2, 3], 4)]),
    );
  });

  it.each([
    "relu",
    "relu6",
    "elu",
    "sigmoid",
    "leakyrelu",
    "linear",
  ] as const)("fused convolutions and products with %s", async (activation) => {
    const [filter, bias] = [() => numbers([3, 3, 4, 5], 4) as tf.Tensor4D, () => numbers([5], 5)];
    await expectSameAsReference(() => [
      tf.fused.conv2d({
        x: image(),
        filter: filter(),
        strides: 2,
        pad: "same",
        bias: bias(),
        activation,
        leakyreluAlpha: 0.1,
      }),
      tf.fused.matMul({
        a: numbers([6, 4], 1) as tf.Tensor2D,
        b: numbers([5, 4], 2) as tf.Tensor2D,
        transposeB: true,
        bias: bias(),
        activation,
      }),
    ]);
  });

  it.each([
    [false, false],
    [true, false],
    [false, true],
  ])("resizing with alignCorners %s and halfPixelCenters %s", async (alignCorners, halfPixelCenters) => {
    for (const size of [
      [14, 18],
      [4, 5],
      [13, 9],
      [1, 1],
    ] as [number, number][]) {
      const resizes = [tf.image.resizeBilinear, tf.image.resizeNearestNeighbor].map(
        (resize) => (x: tf.Tensor) =>
          resize(x as tf.Tensor4D, size, alignCorners, halfPixelCenters) as tf.Tensor,
      );
      await expectSameAsReference(() => resizes.map((resize) => resize(image())));
      // The reference's gradients are wrong for pictures that are not square, and for smaller ones. These functions are
      // linear, so that <weights, resize(x)> = <gradient, x>.
      for (const resize of resizes) {
        const [x, weights] = [image(), numbers([2, ...size, 4], 11)];
        const score = (input: tf.Tensor) => tf.sum(tf.mul(resize(input), weights));
        const [direct, back] = [score(x), tf.sum(tf.mul(tf.grad(score)(x), x))];
        expect(back.dataSync()[0]).toBeCloseTo(direct.dataSync()[0] as number, 3);
      }
    }
  });

  it("matrix products that broadcast and transpose", async () => {
    const [a, b] = [() => numbers([3, 4, 5], 1), () => numbers([1, 6, 5], 2)];
    await expectSameAsReference(() => [
      tf.matMul(a(), b(), false, true),
      tf.matMul(numbers([5, 4], 1), numbers([5, 6], 2), true),
      tf.einsum("bhqd,bhkd->bhqk", numbers([2, 3, 4, 5], 1), numbers([2, 3, 6, 5], 2)),
    ]);
    await expectSameAsReference(
      withGradients(
        (x, y) => tf.matMul(x, y, false, true),
        () => [numbers([3, 4, 5], 1), numbers([3, 6, 5], 2)],
      ),
    );
  });

  it("reductions along every axis, of reals, integers and truth values", async () => {
    const integers = () => tf.cast(tf.mul(numbers([2, 3, 4], 5), 10), "int32");
    for (const axis of [undefined, 0, 1, -1, [0, 2]]) {
      for (const keepDims of [false, true]) {
        await expectSameAsReference(() => {
          const [x, whole] = [numbers([2, 3, 4], 5), integers()];
          const isAbove = tf.greater(x, 0.3);
          return [
            ...[x, whole].flatMap((y) => [
              tf.sum(y, axis, keepDims),
              tf.mean(y, axis, keepDims),
              tf.max(y, axis, keepDims),
              tf.min(y, axis, keepDims),
              tf.prod(y, axis, keepDims),
            ]),
            tf.any(isAbove, axis, keepDims),
            tf.all(isAbove, axis, keepDims),
          ];
        });
      }
    }
    const reduce = (x: tf.Tensor) => tf.add(tf.sum(x, [0, 2], true), tf.mean(x, 1, true));
    await expectSameAsReference(withGradients(reduce, () => [numbers([2, 3, 4], 5)]));
  });

  it("division and remainder of integers, zero and negative ones included", async () => {
    await expectSameAsReference(() => {
      const [a, b] = [tf.tensor1d([7, -7, 7, -7, 0], "int32"), tf.tensor1d([3, 3, -3, -3, 5], "int32")];
      return [
        tf.floorDiv(a, b),
        tf.mod(a, b),
        tf.div(a, b),
        tf.floorDiv(tf.cast(a, "float32"), tf.cast(b, "float32")),
      ];
    });
    await tf.setBackend("torch");
    tf.floorDiv(tf.tensor1d([1], "int32"), tf.tensor1d([0], "int32")).dataSync();
  });

  it("gather, its gradient, and scattering back", async () => {
    const indices = () => tf.tensor2d([2, 0, 2, 1], [2, 2], "int32");
    await expectSameAsReference(
      withGradients(
        (x) => tf.gather(x, indices(), 1),
        () => [numbers([2, 3, 4], 6)],
      ),
    );
    await expectSameAsReference(() => [
      tf.gather(numbers([2, 3, 4], 6), indices(), 1, 1),
      tf.gatherND(numbers([3, 4], 1), tf.tensor2d([0, 1, 2, 3], [2, 2], "int32")),
      tf.scatterND(tf.tensor2d([1, 1, 0], [3, 1], "int32"), numbers([3, 2], 2), [4, 2]),
      tf.oneHot(tf.tensor1d([0, 3, 9], "int32"), 4),
      tf.unsortedSegmentSum(numbers([4, 2], 3), tf.tensor1d([1, 0, 1, 7], "int32"), 2),
    ]);
  });

  it("cutting, mirroring and turning", async () => {
    await expectSameAsReference(() => {
      const x = numbers([4, 5, 6], 7);
      return [
        tf.stridedSlice(x, [3, 4, 0], [0, 0, 6], [-1, -2, 2]),
        tf.mirrorPad(
          x,
          [
            [1, 2],
            [0, 3],
            [2, 0],
          ],
          "reflect",
        ),
        tf.mirrorPad(
          x,
          [
            [1, 2],
            [0, 3],
            [2, 0],
          ],
          "symmetric",
        ),
        tf.reverse(x, [0, 2]),
        tf.tile(x, [2, 1, 3]),
        tf.cumsum(x, 1, true, true),
        tf.depthToSpace(numbers([1, 2, 3, 8], 1) as tf.Tensor4D, 2, "NHWC"),
        ...Object.values(tf.topk(x, 3)),
        tf.argMax(x, 1),
        tf.localResponseNormalization(x as tf.Tensor3D, 2, 1, 0.5, 0.75),
      ];
    });
  });
});
