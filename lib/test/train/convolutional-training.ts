import * as tf from "@tensorflow/tfjs-core";
import { adaptiveWeight, createPatchGan } from "../../src/adversary/index.js";
import { createTransformer, flowLoss, logitNormalTimes } from "../../src/diffusion/index.js";
import { autoencoderObjective, cards, createAutoencoder, kl, toTensor } from "../../src/index.js";
import { batchesAt, type TrainOptions } from "../../src/train/index.js";
import { normal } from "../gradient-check.js";

type Inputs = { pictures: tf.Tensor4D };

/**
 * All that a GPU may compute in any order, in one training: convolutions and their gradients, group normalisation,
 * attention with a key for each of 64 positions, batch normalisation, gradients of look-ups, an adversary whose weight
 * is a ratio of gradients.
 *
 * @param sizes pictures in the batches, in turn; a compiled step is recorded at the third batch of one size
 */
export function makeConvolutional(sizes: readonly number[]): {
  options: TrainOptions<number[], Inputs, never>;
  dispose(): void;
} {
  const images = cards({ count: 64, size: 16, seed: 1 });
  const bottleneck = [kl({ weight: 1e-4 })];
  const size = { imageSize: 16, downsampling: 2, widths: [8, 16] };
  const model = createAutoencoder({ ...size, middle: "attention", bottleneck, seed: 1 });
  const adversary = createPatchGan({ width: 4, layers: 1, seed: 2 });
  const flow = createTransformer({ shape: [8, 8, 4], width: 16, depth: 1, heads: 2, seed: 3 });
  const words = { table: tf.variable(normal([5, 4], 4)) };
  return {
    options: {
      steps: 14,
      seed: 5,
      batches: batchesAt((step) =>
        Array.from({ length: sizes[step % sizes.length] as number }, (_, index) => (7 * step + index) % 64),
      ),
      toTensors: (indices) => ({ pictures: toTensor(images, indices) }),
      networks: {
        autoencoder: {
          parameters: model.parameters,
          learningRate: 1e-3,
          loss({ batch: { pictures }, noise }) {
            const terms = autoencoderObjective(model, pictures, { noise });
            const fooled = adversary.generatorLoss(pictures, terms.reconstructions);
            const lastLayer = model.parameters["decoder.conv_out.weight"] as tf.Variable;
            const weight = adaptiveWeight(terms.reconstruction, fooled, lastLayer);
            const loss = tf.add(terms.loss, tf.mul(weight, fooled)) as tf.Scalar;
            return { loss, handOn: { made: terms.reconstructions, latents: terms.latents } };
          },
        },
        discriminator: {
          parameters: adversary.parameters,
          learningRate: 1e-3,
          loss: ({ batch: { pictures }, handedOn }) => ({
            loss: adversary.discriminatorLoss(pictures, handedOn.made as tf.Tensor4D).loss,
          }),
        },
        flow: {
          parameters: { ...flow.parameters, ...words },
          learningRate: 1e-3,
          loss({ handedOn, noise }) {
            const clean = handedOn.latents as tf.Tensor4D;
            const drawn = { clean, noise: noise.normal<tf.Rank.R4>(clean.shape) };
            const times = logitNormalTimes(noise.normal<tf.Rank.R1>([clean.shape[0]]));
            // Every position looks up one of five rows: their gradients are sums over many positions.
            const word = tf.cast(tf.mul(noise.uniform([clean.shape[0] * 64]), 5), "int32");
            const looked = tf.reshape(tf.gather(words.table, tf.reshape(word, [-1])), clean.shape);
            const loss = flowLoss(flow.network, { ...drawn, times }, undefined);
            return { loss: tf.add(loss, tf.mean(tf.squaredDifference(looked, clean))) as tf.Scalar };
          },
        },
      },
    },
    dispose() {
      for (const { dispose } of [model, adversary, flow]) dispose();
      tf.dispose(words);
    },
  };
}
