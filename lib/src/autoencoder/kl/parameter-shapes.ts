import type { AutoencoderKLConfig } from "./config.js";

/** How a layer's weight lies in PyTorch and here. Biases and norms are vectors in both. */
export type ParameterKind = "vector" | "linear" | "convolution";

export interface ParameterShape {
  kind: ParameterKind;
  /** As in PyTorch: convolutions `[out, in, height, width]`, linear layers `[out, in]`. */
  shape: readonly number[];
  /** PyTorch's initial numbers: uniform in `centre` +- `spread`. */
  centre: number;
  spread: number;
}

/** Every parameter of the model under diffusers' name, in the order in which its layers are used. */
export function listParameters(config: AutoencoderKLConfig): ReadonlyMap<string, ParameterShape> {
  const list = new ParameterList();
  addEncoder(list, config);
  addDecoder(list, config);
  const { latentChannels } = config;
  if (config.useQuantConv) list.convolution("quant_conv", 1, 2 * latentChannels, 2 * latentChannels);
  if (config.usePostQuantConv) list.convolution("post_quant_conv", 1, latentChannels, latentChannels);
  return list.parameters;
}

function addEncoder(list: ParameterList, config: AutoencoderKLConfig): void {
  const { blockOutChannels: widths, latentChannels, layersPerBlock } = config;
  const lowest = widths.length - 1;
  let channels = widths[0] as number;
  list.convolution("encoder.conv_in", 3, config.inChannels, channels);
  for (const [level, width] of widths.entries()) {
    const block = `encoder.down_blocks.${level}`;
    addResidualBlocks(list, block, layersPerBlock, channels, width, config.downAttention[level]);
    channels = width;
    if (level < lowest) list.convolution(`${block}.downsamplers.0.conv`, 3, width, width);
  }
  addMidBlock(list, "encoder.mid_block", channels, config);
  list.norm("encoder.conv_norm_out", channels);
  list.convolution("encoder.conv_out", 3, channels, 2 * latentChannels);
}

function addDecoder(list: ParameterList, config: AutoencoderKLConfig): void {
  const widths = [...config.blockOutChannels].reverse();
  const highest = widths.length - 1;
  let channels = widths[0] as number;
  list.convolution("decoder.conv_in", 3, config.latentChannels, channels);
  addMidBlock(list, "decoder.mid_block", channels, config);
  for (const [level, width] of widths.entries()) {
    const block = `decoder.up_blocks.${level}`;
    addResidualBlocks(list, block, config.layersPerBlock + 1, channels, width, config.upAttention[level]);
    channels = width;
    if (level < highest) list.convolution(`${block}.upsamplers.0.conv`, 3, width, width);
  }
  list.norm("decoder.conv_norm_out", channels);
  list.convolution("decoder.conv_out", 3, channels, config.outChannels);
}

function addResidualBlocks(
  list: ParameterList,
  block: string,
  count: number,
  inChannels: number,
  outChannels: number,
  hasAttention: boolean | undefined,
): void {
  for (let index = 0; index < count; index++) {
    list.residualBlock(`${block}.resnets.${index}`, index === 0 ? inChannels : outChannels, outChannels);
    if (hasAttention) list.attention(`${block}.attentions.${index}`, outChannels);
  }
}

function addMidBlock(list: ParameterList, block: string, channels: number, config: AutoencoderKLConfig) {
  list.residualBlock(`${block}.resnets.0`, channels, channels);
  if (config.midBlockAddAttention) list.attention(`${block}.attentions.0`, channels);
  list.residualBlock(`${block}.resnets.1`, channels, channels);
}

/** Layers by diffusers' names. */
class ParameterList {
  readonly parameters = new Map<string, ParameterShape>();

  convolution(name: string, size: number, inChannels: number, outChannels: number): void {
    const spread = 1 / Math.sqrt(size * size * inChannels);
    const shape = [outChannels, inChannels, size, size];
    this.parameters.set(`${name}.weight`, { kind: "convolution", shape, centre: 0, spread });
    this.vector(`${name}.bias`, outChannels, 0, spread);
  }

  linear(name: string, size: number, outSize: number): void {
    const spread = 1 / Math.sqrt(size);
    this.parameters.set(`${name}.weight`, { kind: "linear", shape: [outSize, size], centre: 0, spread });
    this.vector(`${name}.bias`, outSize, 0, spread);
  }

  norm(name: string, channels: number): void {
    this.vector(`${name}.weight`, channels, 1, 0);
    this.vector(`${name}.bias`, channels, 0, 0);
  }

  residualBlock(name: string, inChannels: number, outChannels: number): void {
    this.norm(`${name}.norm1`, inChannels);
    this.convolution(`${name}.conv1`, 3, inChannels, outChannels);
    this.norm(`${name}.norm2`, outChannels);
    this.convolution(`${name}.conv2`, 3, outChannels, outChannels);
    if (inChannels !== outChannels) this.convolution(`${name}.conv_shortcut`, 1, inChannels, outChannels);
  }

  attention(name: string, channels: number): void {
    this.norm(`${name}.group_norm`, channels);
    for (const projection of ["to_q", "to_k", "to_v", "to_out.0"]) {
      this.linear(`${name}.${projection}`, channels, channels);
    }
  }

  private vector(name: string, length: number, centre: number, spread: number): void {
    this.parameters.set(name, { kind: "vector", shape: [length], centre, spread });
  }
}
