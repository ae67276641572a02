import * as tf from "@tensorflow/tfjs-core";
import type { EngineLayers } from "../../../src/engine/engine.js";
import type { Parameters } from "../../../src/nn/parameters.js";
import { numbers } from "./support.js";

const filters = {
  first: [3, 3, 3, 8],
  down: [3, 3, 8, 8],
  latent: [3, 3, 8, 8],
  up: [3, 3, 4, 8],
  last: [3, 3, 8, 3],
};

/** Parameters of a variational autoencoder that has one of everything the library's models are made of. */
export function createParameters(): Parameters {
  const parameters: Parameters = {};
  const add = (name: string, initial: tf.Tensor) => {
    parameters[name] = tf.variable(initial);
    initial.dispose();
  };
  for (const [index, [name, shape]] of Object.entries(filters).entries()) {
    add(
      `${name}.weight`,
      tf.tidy(() => tf.mul(numbers(shape, index + 1), 0.3)),
    );
    add(`${name}.bias`, tf.zeros([shape[3] as number]));
  }
  add("norm.weight", tf.ones([8]));
  add("norm.bias", tf.zeros([8]));
  return parameters;
}

/** The loss of a batch `[batch, 8, 8, 3]` with noise `[batch, 4, 4, 4]`. */
export function loss(
  parameters: Parameters,
  layers: EngineLayers,
  pictures: tf.Tensor,
  noise: tf.Tensor,
): tf.Scalar {
  const convolve = (name: string, x: tf.Tensor, stride = 1) =>
    tf.fused.conv2d({
      x: x as tf.Tensor4D,
      filter: parameters[`${name}.weight`] as unknown as tf.Tensor4D,
      bias: parameters[`${name}.bias`] as tf.Tensor,
      strides: stride,
      pad: "same",
    });
  const norm = { groups: 2, epsilon: 1e-6, activation: "silu" } as const;
  const gain = parameters["norm.weight"] as unknown as tf.Tensor1D;
  const offset = parameters["norm.bias"] as unknown as tf.Tensor1D;
  const hidden = layers.groupNorm(convolve("first", pictures), gain, offset, norm);
  const [mean, logvar] = tf.split(convolve("latent", layers.silu(convolve("down", hidden, 2))), 2, 3) as [
    tf.Tensor,
    tf.Tensor,
  ];
  const latent = tf.add(mean, tf.mul(tf.exp(tf.mul(logvar, 0.5)), noise));
  const attended = tf.reshape(latent, [latent.shape[0], 1, 16, 4]) as tf.Tensor4D;
  const mixed = tf.reshape(layers.attention(attended, attended, attended), latent.shape);
  const up = tf.image.resizeNearestNeighbor(convolve("up", tf.add(latent, mixed)) as tf.Tensor4D, [8, 8]);
  const error = tf.sum(tf.squaredDifference(convolve("last", tf.relu(up)), pictures));
  const divergence = tf.sum(tf.sub(tf.add(tf.square(mean), tf.exp(logvar)), logvar));
  return tf.div(tf.add(error, tf.mul(divergence, 0.1)), pictures.shape[0]);
}
