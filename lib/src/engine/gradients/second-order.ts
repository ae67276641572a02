import * as tf from "@tensorflow/tfjs-core";
import { offTape } from "../off-tape.js";

/**
 * What TensorFlow.js's tape lacks to differentiate its own gradients again, for penalties on gradients: the gradients
 * of the kernels that gradients are made of. Those of convolutions and poolings are linear in dy, and so is what
 * stands here.
 *
 * Not to be had, with an error that names the kernel: twice through max pooling, ELU and depthwise convolutions.
 */
export function registerSecondOrderGradients(): void {
  registerFilterGradient();
  registerLeakyRelu();
  registerReluGradient();
  registerResizing();
  registerAveragePooling();
  registerComparisons();
}

/**
 * Linear in the input and in dy: the gradient with respect to each is a convolution with what came for the filter.
 */
function registerFilterGradient(): void {
  tf.registerGradient({
    kernelName: tf.Conv2DBackpropFilter,
    inputsToSave: ["x", "dy"],
    gradFunc: (ddFilter, saved, attributes) => {
      const [x, dy] = saved as [tf.Tensor4D, tf.Tensor4D];
      const filter = ddFilter as tf.Tensor4D;
      const { strides, pad, dataFormat, dimRoundingMode } =
        attributes as unknown as tf.Conv2DBackpropFilterAttrs;
      return {
        x: () => {
          const inputs = { dy, filter } as unknown as tf.NamedTensorMap;
          const geometry = { strides, pad, dataFormat, dimRoundingMode, inputShape: x.shape };
          return tf
            .engine()
            .runKernel(tf.Conv2DBackpropInput, inputs, geometry as unknown as tf.NamedAttrMap) as tf.Tensor;
        },
        dy: () => tf.conv2d(x, filter, strides, pad, dataFormat, 1, dimRoundingMode),
      };
    },
  });
}

/** TensorFlow.js's own selects by a comparison, which has no gradient. The slope is constant almost everywhere. */
function registerLeakyRelu(): void {
  tf.unregisterGradient(tf.LeakyRelu);
  tf.registerGradient({
    kernelName: tf.LeakyRelu,
    inputsToSave: ["x"],
    gradFunc: (dy, [x], attributes) => {
      const { alpha } = attributes as unknown as tf.LeakyReluAttrs;
      return { x: () => tf.mul(dy as tf.Tensor, tf.step(offTape(x as tf.Tensor), alpha)) };
    },
  });
}

/** The one-piece kernel of `relu.ts`: dy where the result is above 0. */
function registerReluGradient(): void {
  tf.registerGradient({
    kernelName: "ReluGrad",
    inputsToSave: ["y"],
    gradFunc: (ddx, [y]) => ({
      dy: () =>
        tf.engine().runKernel("ReluGrad", { dy: ddx as tf.Tensor, y: offTape(y as tf.Tensor) }) as tf.Tensor,
      y: () => tf.zerosLike(y as tf.Tensor),
    }),
  });
}

/** Gradients of enlarging and shrinking pictures add pixels up; the way back is the resizing itself. */
function registerResizing(): void {
  const register = (kernelName: string, forward: string) =>
    tf.registerGradient({
      kernelName,
      inputsToSave: ["dy", "images"],
      gradFunc: (ddx, saved, attributes) => {
        const [dy, images] = saved as [tf.Tensor4D, tf.Tensor4D];
        const { alignCorners } = attributes as unknown as tf.ResizeBilinearGradAttrs;
        const geometry = { alignCorners, halfPixelCenters: false, size: dy.shape.slice(1, 3) };
        return {
          dy: () => tf.engine().runKernel(forward, { images: ddx as tf.Tensor }, geometry) as tf.Tensor,
          images: () => tf.zerosLike(images),
        };
      },
    });
  register(tf.ResizeNearestNeighborGrad, tf.ResizeNearestNeighbor);
  register(tf.ResizeBilinearGrad, tf.ResizeBilinear);
}

/** Without padding every pixel counts the same, and the gradient of the gradient is the pooling itself. */
function registerAveragePooling(): void {
  tf.registerGradient({
    kernelName: tf.AvgPoolGrad,
    inputsToSave: ["input"],
    gradFunc: (ddx, [input], attributes) => {
      const { filterSize, strides, pad } = attributes as unknown as tf.AvgPoolGradAttrs;
      return {
        dy: () => tf.avgPool(ddx as tf.Tensor4D, filterSize, strides, pad),
        input: () => tf.zerosLike(input as tf.Tensor),
      };
    },
  });
}

/**
 * Comparisons, by which maxima, clipping and `tf.where` choose their slopes, do not move where their inputs move a
 * little; nor does what is joined of them, for which the tape asks as well.
 */
function registerComparisons(): void {
  const pairs = [tf.Equal, tf.NotEqual, tf.Greater, tf.Less, tf.LessEqual, tf.LogicalAnd, tf.LogicalOr];
  const zero = (x: tf.Tensor | undefined) => () => tf.zeros((x as tf.Tensor).shape);
  for (const kernelName of pairs) {
    tf.registerGradient({
      kernelName,
      inputsToSave: ["a", "b"],
      gradFunc: (_dy, [a, b]) => ({ a: zero(a), b: zero(b) }),
    });
  }
  tf.registerGradient({
    kernelName: tf.LogicalNot,
    inputsToSave: ["x"],
    gradFunc: (_dy, [x]) => ({ x: zero(x) }),
  });
}
