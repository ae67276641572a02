import * as tf from "@tensorflow/tfjs-core";
import { createModel, describeModel } from "../../bench/models/catalogue.js";
import type { BenchmarkModel, ModelDescription } from "../../bench/models/model.js";
import { Weights } from "../../bench/models/weights.js";
import {
  autoencoderObjective,
  createAdam,
  createAutoencoder,
  createNoise,
  engine,
  kl,
  type Noise,
} from "../../src/index.js";

/** Trainings that give the same losses on every engine and in PyTorch. */
export interface Case {
  name: string;
  /** What PyTorch builds the model from (lib/bench/reference_models.py). */
  description: { architecture: string; batch: number; options: ModelDescription["options"] };
  /** Makes the model on the engine in use. */
  create(): BenchmarkModel;
}

export const steps = 20;
/** Relative, for every one of the losses: the engines add up in different orders. */
export const lossTolerance = 1e-4;

const klWeight = 0.1;
const small = { imageSize: 16, widths: [8, 16, 32], latentChannels: 4 };

export const cases: Case[] = [
  {
    name: "the library's autoencoder",
    description: {
      architecture: "LibraryAutoencoder",
      batch: 4,
      options: { widths: small.widths, latentChannels: small.latentChannels, kl_weight: klWeight },
    },
    create: createLibraryAutoencoder,
  },
  fromCatalogue("a convolutional VAE", describeModel("S", 4)),
  fromCatalogue("an autoencoder with attention", describeModel("L-small", 2)),
  fromCatalogue("a diffusion transformer", describeModel("D-small", 2)),
];

function fromCatalogue(name: string, description: ModelDescription): Case {
  return { name, description, create: () => createModel(description) };
}

/** The public autoencoder with the loss that `fit` trains. */
function createLibraryAutoencoder(): BenchmarkModel {
  const bottleneck = [kl({ weight: klWeight })];
  const model = createAutoencoder({ ...small, downsampling: 4, seed: 1, bottleneck });
  const source = createNoise(1);
  const weights = new Weights();
  const pictures = weights.uniform([4, small.imageSize, small.imageSize, 3], 1);
  const noise = weights.uniform([4, 4, 4, small.latentChannels], 1.5);
  return {
    parameters: model.parameters,
    inputs: { pictures, noise },
    learningRate: 1e-3,
    loss({ pictures, noise }) {
      // PyTorch's side gets its noise as an input, so this one does, too.
      const given: Noise = { ...source, normal: () => noise as never };
      return autoencoderObjective(model, pictures as tf.Tensor4D, { noise: given }).loss;
    },
    dispose() {
      source.dispose();
      model.dispose();
    },
  };
}

/** The losses of the first steps on the engine in use. */
export function trainingLosses({ create }: Case): number[] {
  const model = create();
  const inputs = uploadInputs(model);
  const adam = createAdam(model.parameters, { learningRate: model.learningRate });
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const { value, gradients } = engine.valueAndGradients(() => model.loss(inputs), model.parameters);
    adam.update(gradients);
    losses.push(value.dataSync()[0] as number);
    tf.dispose([value, gradients]);
  }
  adam.dispose();
  tf.dispose(inputs);
  model.dispose();
  return losses;
}

export function uploadInputs(model: BenchmarkModel): tf.NamedTensorMap {
  const entries = Object.entries(model.inputs).map(([name, { shape, values }]) => [
    name,
    tf.tensor(values, shape),
  ]);
  return Object.fromEntries(entries);
}
