import * as tf from "@tensorflow/tfjs-core";

/** Gradient of `tf.depthToSpace`: the way back, every square of pixels into the channels of one. */
export function registerDepthToSpaceGradient(): void {
  tf.registerGradient({
    kernelName: tf.DepthToSpace,
    gradFunc: (dy, _saved, attributes) => {
      const { blockSize, dataFormat } = attributes as unknown as tf.DepthToSpaceAttrs;
      const isChannelsFirst = dataFormat === "NCHW";
      return {
        x: () => {
          if (!isChannelsFirst) return spaceToDepth(dy as tf.Tensor4D, blockSize);
          const channelsLast = tf.transpose(dy as tf.Tensor4D, [0, 2, 3, 1]);
          return tf.transpose(spaceToDepth(channelsLast, blockSize), [0, 3, 1, 2]);
        },
      };
    },
  });
}

/** `[batch, height, width, channels]` to `[batch, height / size, width / size, size * size * channels]`. */
function spaceToDepth(x: tf.Tensor4D, size: number): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  const [rows, columns] = [height / size, width / size];
  const blocks = tf.reshape(x, [batch, rows, size, columns, size, channels]);
  return tf.reshape(tf.transpose(blocks, [0, 1, 3, 2, 4, 5]), [batch, rows, columns, size * size * channels]);
}
