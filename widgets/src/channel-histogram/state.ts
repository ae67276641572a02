/** `raw`: latents as they are; `one`: times one factor for all channels; `channel`: each standardised by itself. */
export type ScaleMode = "raw" | "one" | "channel";

export interface ChannelStatistics {
  mean: number;
  std: number;
  /** Share of values outside [-1, 1]. */
  outside: number;
  /** 1 / std */
  scaleFactor: number;
  /** Values in each bin between two `edges`. */
  counts: number[];
}

export interface EncoderStatistics {
  name: string;
  channels: ChannelStatistics[];
  /** Bin edges in latent units, ascending, one more than bins. */
  edges: number[];
  /** Over all channels together: Stable Diffusion's `scalingFactor` is this `scaleFactor`. */
  flattened: { std: number; scaleFactor: number };
}

export interface ChannelHistogramState {
  title: string;
  caption: string;
  encoders: EncoderStatistics[];
  /** Index of the encoder shown. */
  encoder: number;
  scale: ScaleMode;
  /** A range of values in the scale shown, whose share is listed. */
  brush: [number, number] | null;
}
