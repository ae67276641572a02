import * as tf from "@tensorflow/tfjs-core";
import { type Codec, latentShape } from "../autoencoder/codec.js";
import { type ImageSet, toTensor } from "../data/image-set.js";
import { compile, valueAndGradients } from "../engine/index.js";
import { createNoise, type Noise } from "../noise.js";
import { type Adam, createAdam } from "./adam.js";
import { autoencoderLoss, type LossTerms } from "./loss.js";

export interface AutoencoderStepOptions {
  batchSize: number;
  klWeight: number;
  learningRate: number;
  /** Decides the noise. */
  seed: number;
}

/** What a training of an autoencoder does over and over, and the state that it has besides the parameters. */
export interface AutoencoderStep {
  readonly adam: Adam;
  readonly noise: Noise;
  /** Makes one update with the pictures at these indices. Returns `[loss, reconstruction, kl]` from before it. */
  run(batch: Uint32Array): tf.Tensor;
  /** The losses alone, with fresh noise. */
  losses(batch: Uint32Array): LossTerms;
  dispose(): void;
}

export function createAutoencoderStep(
  model: Codec,
  images: ImageSet,
  { batchSize, klWeight, learningRate, seed }: AutoencoderStepOptions,
): AutoencoderStep {
  const { parameters } = model;
  const adam = createAdam(parameters, { learningRate });
  const noise = createNoise(seed);

  const lossesOf = (pictures: tf.Tensor4D) => {
    const drawn = noise.normal<tf.Rank.R4>([batchSize, ...latentShape(model, images.shape)]);
    return autoencoderLoss(model, pictures, drawn, klWeight);
  };

  const compiled = compile(({ pictures }: { pictures: tf.Tensor4D }) => {
    let kept: tf.Tensor | undefined;
    const { gradients } = valueAndGradients(() => {
      const { loss, reconstruction, kl } = lossesOf(pictures);
      kept = tf.keep(tf.stack([loss, reconstruction, kl]));
      return loss;
    }, parameters);
    adam.update(gradients);
    const losses = tf.clone(kept as unknown as tf.Tensor);
    kept?.dispose();
    return { losses };
  });

  return {
    adam,
    noise,
    run(batch) {
      const pictures = toTensor(images, batch);
      try {
        return compiled({ pictures }).losses;
      } finally {
        pictures.dispose();
      }
    },
    losses: (batch) => tf.tidy(() => ({ ...lossesOf(toTensor(images, batch)) })),
    dispose() {
      compiled.dispose();
      adam.dispose();
      noise.dispose();
    },
  };
}
