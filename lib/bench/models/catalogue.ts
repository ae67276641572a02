import { createAutoencoderKl } from "./autoencoder-kl.js";
import { createConvVae } from "./conv-vae.js";
import { createDiffusionTransformer } from "./diffusion-transformer.js";
import type { BenchmarkModel, ModelDescription } from "./model.js";

export type ModelName = "S" | "L" | "D" | "L-small" | "D-small";

interface Entry {
  title: string;
  /** Pictures or latents a step, on a GPU and on a CPU. */
  batch: { cuda: number; cpu: number };
  architecture: ModelDescription["architecture"];
  options: ModelDescription["options"];
}

/** S, L and D are measured; the small forms have the same layers, for tests. */
export const catalogue: Record<ModelName, Entry> = {
  S: {
    title: "conv VAE 32 x 32",
    batch: { cuda: 128, cpu: 32 },
    architecture: "ConvVae",
    options: {},
  },
  L: {
    title: "SD AutoencoderKL 256 x 256",
    batch: { cuda: 8, cpu: 1 },
    architecture: "AutoencoderKl",
    options: { imageSize: 256, widths: [128, 256, 512, 512], latentChannels: 4 },
  },
  D: {
    title: "diffusion transformer on 16 x 16 x 4",
    batch: { cuda: 64, cpu: 8 },
    architecture: "DiffusionTransformer",
    options: { latentSize: 16, latentChannels: 4, patch: 2, width: 256, blocks: 8, heads: 4 },
  },
  "L-small": {
    title: "AutoencoderKL 16 x 16",
    batch: { cuda: 2, cpu: 2 },
    architecture: "AutoencoderKl",
    options: { imageSize: 16, widths: [16, 32, 32], latentChannels: 4 },
  },
  "D-small": {
    title: "diffusion transformer on 8 x 8 x 4",
    batch: { cuda: 2, cpu: 2 },
    architecture: "DiffusionTransformer",
    options: { latentSize: 8, latentChannels: 4, patch: 2, width: 32, blocks: 2, heads: 2 },
  },
};

const architectures: Record<ModelDescription["architecture"], (options: never) => BenchmarkModel> = {
  ConvVae: createConvVae,
  AutoencoderKl: createAutoencoderKl,
  DiffusionTransformer: createDiffusionTransformer,
};

export function describeModel(name: ModelName, batch: number): ModelDescription {
  const { architecture, options } = catalogue[name];
  return { architecture, batch, options };
}

/** Makes the model on the engine in use. */
export function createModel({ architecture, batch, options }: ModelDescription): BenchmarkModel {
  return architectures[architecture]({ batch, ...options } as never);
}
