import { WidgetError } from "../shared/errors.js";
import { LatentWidget } from "../shared/latent-widget.js";
import type { ChannelHistogramState, EncoderStatistics } from "./state.js";
import { describeChannelHistogram, drawChannelHistogram } from "./static.js";

/** Statistics of a set of latents: moments and a histogram of every channel. Raw values never travel. */
export interface LatentStatistics {
  readonly channels: readonly {
    readonly mean: number;
    readonly std: number;
    /** Share of values outside [-1, 1], 0 to 1. */
    readonly outside: number;
    /** 1 / std */
    readonly scaleFactor: number;
    /** Values in each bin. */
    readonly counts: ArrayLike<number>;
  }[];
  /** Bin edges, ascending and equidistant, one more than bins. */
  readonly edges: ArrayLike<number>;
  /** Over all channels together. */
  readonly flattened: { readonly std: number; readonly scaleFactor: number };
}

export interface ChannelHistogramOptions {
  /** The latents of one encoder … */
  statistics?: LatentStatistics;
  /** … or of several, of which the reader chooses. */
  encoders?: readonly { readonly name: string; readonly statistics: LatentStatistics }[];
  title?: string;
  /** What is shown, in the header beside the title. */
  caption?: string;
}

/**
 * Histograms of every latent channel against N(0, 1), with mean, standard deviation, share outside [-1, 1] and the
 * factor 1/std that a diffusion model would need. Throws `WidgetError` where bins and edges do not fit.
 */
export class ChannelHistogram extends LatentWidget<ChannelHistogramState> {
  constructor(options: ChannelHistogramOptions) {
    super("channel-histogram", initialState(options));
  }

  protected override draw = drawChannelHistogram;
  protected override describe = describeChannelHistogram;
}

function initialState({
  statistics,
  encoders,
  title,
  caption,
}: ChannelHistogramOptions): ChannelHistogramState {
  const given = [...(encoders ?? []), ...(statistics ? [{ name: "encoder", statistics }] : [])];
  if (given.length === 0) {
    throw new WidgetError(
      "ERR_EMPTY",
      "ChannelHistogram: expected { statistics } or { encoders: [{ name, statistics }] } with at least one encoder.",
    );
  }
  return {
    title: title ?? "ChannelHistogram",
    caption: caption ?? "density against N(0, 1)",
    encoders: given.map(({ name, statistics: one }) => checkStatistics(name, one)),
    encoder: 0,
    scale: "raw",
    brush: null,
  };
}

function checkStatistics(name: string, statistics: LatentStatistics): EncoderStatistics {
  const edges = Array.from(statistics?.edges ?? []);
  if (edges.length < 2 || edges.some((edge, index) => index > 0 && !(edge > (edges[index - 1] ?? edge)))) {
    throw new WidgetError("ERR_SHAPE_MISMATCH", `${name}: expected at least two ascending bin edges.`);
  }
  if (!statistics.channels?.length)
    throw new WidgetError("ERR_EMPTY", `${name}: expected at least one channel.`);
  const channels = statistics.channels.map((channel, index) => {
    const counts = Array.from(channel.counts);
    if (counts.length !== edges.length - 1) {
      throw new WidgetError(
        "ERR_SHAPE_MISMATCH",
        `${name}, channel ${index}: ${edges.length} edges make ${edges.length - 1} bins, got ${counts.length} counts.`,
      );
    }
    if (![channel.mean, channel.std, channel.scaleFactor].every(Number.isFinite)) {
      throw new WidgetError(
        "ERR_OUT_OF_RANGE",
        `${name}, channel ${index}: mean, std and scaleFactor must be finite, got ${channel.mean}, ${channel.std} ` +
          `and ${channel.scaleFactor}. Look for latents that are constant or not a number.`,
      );
    }
    const { mean, std, outside, scaleFactor } = channel;
    return { mean, std, outside, scaleFactor, counts };
  });
  const { std, scaleFactor } = statistics.flattened;
  if (!Number.isFinite(scaleFactor)) {
    throw new WidgetError(
      "ERR_OUT_OF_RANGE",
      `${name}: flattened.scaleFactor must be finite, got ${scaleFactor}.`,
    );
  }
  return { name, channels, edges, flattened: { std, scaleFactor } };
}
