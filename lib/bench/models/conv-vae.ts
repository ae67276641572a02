import * as tf from "@tensorflow/tfjs-core";
import { conv2d, dense, type Parameters, upsampleNearest } from "../../src/index.js";
import type { BenchmarkModel } from "./model.js";
import { Weights } from "./weights.js";

const latentSize = 64;

/**
 * S: a convolutional VAE for pictures of 32 x 32, 1.5 million parameters. Three convolutions with stride 2 and ReLU
 * down, a dense layer to 64 latents, and nearest-neighbour upsampling with convolutions up.
 */
export function createConvVae({ batch }: { batch: number }): BenchmarkModel {
  const weights = new Weights();
  weights.convolution("encoder.0", 3, 3, 64);
  weights.convolution("encoder.1", 3, 64, 128);
  weights.convolution("encoder.2", 3, 128, 256);
  weights.dense("moments", 4 * 4 * 256, 2 * latentSize);
  weights.dense("decoder.in", latentSize, 4 * 4 * 256);
  weights.convolution("decoder.0", 3, 256, 128);
  weights.convolution("decoder.1", 3, 128, 64);
  weights.convolution("decoder.2", 3, 64, 3);
  const pictures = weights.uniform([batch, 32, 32, 3], 0.5);
  for (let index = 0; index < pictures.values.length; index++) (pictures.values[index] as number) += 0.5;
  const noise = weights.uniform([batch, latentSize], 1.5);

  const { parameters } = weights;
  return {
    parameters,
    inputs: { pictures, noise },
    learningRate: 1e-4,
    loss: ({ pictures, noise }) => loss(parameters, pictures as tf.Tensor4D, noise as tf.Tensor2D),
    dispose: () => tf.dispose(parameters),
  };
}

/** Squared error and half the KL divergence without its constant, summed over a picture, mean over the batch. */
function loss(parameters: Parameters, pictures: tf.Tensor4D, noise: tf.Tensor2D): tf.Scalar {
  const batch = pictures.shape[0];
  let hidden = pictures;
  for (const layer of [0, 1, 2]) hidden = tf.relu(convolve(parameters, `encoder.${layer}`, hidden, 2));
  const moments = dense(parameters, "moments", tf.reshape(hidden, [batch, 4 * 4 * 256]));
  const [mean, logvar] = tf.split(moments, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
  const latents: tf.Tensor2D = tf.add(mean, tf.mul(noise, tf.exp(tf.mul(logvar, 0.5))));

  hidden = tf.reshape(tf.relu(dense(parameters, "decoder.in", latents)), [batch, 4, 4, 256]);
  for (const layer of [0, 1])
    hidden = tf.relu(convolve(parameters, `decoder.${layer}`, upsampleNearest(hidden)));
  const output = tf.sigmoid(convolve(parameters, "decoder.2", upsampleNearest(hidden)));

  const squaredError = tf.sum(tf.square(tf.sub(output, pictures)));
  const divergence = tf.sum(tf.sub(tf.add(tf.square(mean), tf.exp(logvar)), logvar));
  return tf.div(tf.add(squaredError, tf.mul(divergence, 0.5)), batch);
}

/** A 3 x 3 convolution with one pixel of padding on every side, PyTorch's habit; "same" pads one side at stride 2. */
const convolve = (parameters: Parameters, name: string, x: tf.Tensor4D, stride = 1): tf.Tensor4D =>
  conv2d(parameters, name, x, stride, 1);
