import { type AutoencoderKLConfig, parseAutoencoderKLConfig } from "./config.js";

/** What all of Stable Diffusion's autoencoders have in common: 8 x 8 pixels a latent position. */
const common = {
  block_out_channels: [128, 256, 512, 512],
  down_block_types: Array(4).fill("DownEncoderBlock2D"),
  up_block_types: Array(4).fill("UpDecoderBlock2D"),
  layers_per_block: 2,
};
const sixteenChannels = {
  ...common,
  latent_channels: 16,
  sample_size: 1024,
  use_quant_conv: false,
  use_post_quant_conv: false,
};

/** The autoencoders' configs as published with the models' weights (`vae/config.json`). */
export const autoencoderKLConfigs = {
  /** Stable Diffusion 1.x. */
  sd1: parseAutoencoderKLConfig({ ...common, sample_size: 512 }),
  /** Stable Diffusion 2.x at 768 pixels. */
  sd2: parseAutoencoderKLConfig({ ...common, sample_size: 768 }),
  sdxl: parseAutoencoderKLConfig({ ...common, sample_size: 1024, scaling_factor: 0.13025 }),
  /** Stable Diffusion 3.x. */
  sd3: parseAutoencoderKLConfig({ ...sixteenChannels, scaling_factor: 1.5305, shift_factor: 0.0609 }),
  /** FLUX.1. */
  flux: parseAutoencoderKLConfig({ ...sixteenChannels, scaling_factor: 0.3611, shift_factor: 0.1159 }),
} as const satisfies Record<string, AutoencoderKLConfig>;
