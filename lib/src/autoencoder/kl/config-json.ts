import type { AutoencoderKLConfig } from "./config.js";

/** The version of diffusers whose fields these are; it warns of files that are newer than itself. */
const diffusersVersion = "0.27.0";

/** The config as diffusers' `config.json` holds it, ready for `JSON.stringify`: keys in the order of its writer. */
export function toDiffusersConfig(config: AutoencoderKLConfig): Record<string, unknown> {
  const blockTypes = (attention: readonly boolean[], plain: string) =>
    attention.map((isAttended) => (isAttended ? `Attn${plain}` : plain));
  return {
    _class_name: "AutoencoderKL",
    _diffusers_version: diffusersVersion,
    act_fn: "silu",
    block_out_channels: config.blockOutChannels,
    down_block_types: blockTypes(config.downAttention, "DownEncoderBlock2D"),
    force_upcast: config.forceUpcast,
    in_channels: config.inChannels,
    latent_channels: config.latentChannels,
    latents_mean: config.latentsMean ?? null,
    latents_std: config.latentsStd ?? null,
    layers_per_block: config.layersPerBlock,
    mid_block_add_attention: config.midBlockAddAttention,
    norm_num_groups: config.normNumGroups,
    out_channels: config.outChannels,
    sample_size: config.sampleSize,
    scaling_factor: config.scalingFactor,
    shift_factor: config.shiftFactor ?? null,
    up_block_types: blockTypes(config.upAttention, "UpDecoderBlock2D"),
    use_post_quant_conv: config.usePostQuantConv,
    use_quant_conv: config.useQuantConv,
  };
}
