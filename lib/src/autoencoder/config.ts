import { ConfigError } from "../errors.js";
import { type Normalisation, normalisations } from "../nn/normalise.js";
import { requireInteger } from "../options.js";

export interface AutoencoderConfig {
  /** Height and width of the pictures, in pixels. */
  imageSize: number;
  imageChannels: number;
  /** Channels at each resolution, from the full one downwards: one more than there are halvings. */
  widths: number[];
  /** The same for the decoder, also from the full resolution downwards; the encoder's by default. */
  decoderWidths: number[];
  /** Pixels per latent position along one side, a power of two: `f` in the literature's f4, f8. */
  downsampling: number;
  latentChannels: number;
  /** Residual blocks at each resolution, in the encoder and in the decoder. */
  blocksPerLevel: number;
  /** What blocks normalise by: groups of channels over the picture, each position by itself, or nothing. */
  norm: Normalisation;
  /** At resolutions with so many positions along a side, every residual block is followed by attention. */
  attentionSizes: number[];
  /** At the latents' resolution: nothing more, two residual blocks, or these with attention between them (SD's). */
  middle: "none" | "blocks" | "attention";
  /**
   * Shortcuts without parameters round every change of the resolution (Chen et al. 2024, arXiv:2410.10733), without
   * which deep downsampling hardly trains. The resampling convolutions then change the width, too. Four times each
   * width has to be a multiple of the next, and the other way round.
   */
  shortcuts: "none" | "spaceToChannel";
  seed: number;
}

/** The full resolution costs most and needs least: 16 channels there keep a step on two CPU cores near 0.1 s. */
const defaultWidths = [16, 32, 64];

/**
 * Fills in the defaults.
 *
 * @throws ConfigError where the options do not fit each other
 */
export function completeConfig(options: Partial<AutoencoderConfig>): AutoencoderConfig {
  const { imageSize = 32, imageChannels = 3, downsampling = 4, latentChannels = 4, seed = 0 } = options;
  const { blocksPerLevel = 1, norm = "group", attentionSizes = [], middle = "none" } = options;
  const { shortcuts = "none" } = options;
  const halvings = Math.log2(downsampling);
  if (!Number.isInteger(halvings) || halvings < 0) {
    throw outOfRange(`downsampling has to be a power of two (1, 2, 4, 8, ...), not ${downsampling}.`);
  }
  const widths = options.widths ?? widthsFor(halvings + 1);
  const decoderWidths = options.decoderWidths ?? widths;
  requireInteger("imageSize", imageSize, 1);
  requireInteger("imageChannels", imageChannels, 1);
  requireInteger("latentChannels", latentChannels, 1);
  requireInteger("blocksPerLevel", blocksPerLevel, 1);
  if (imageSize % downsampling !== 0) {
    throw outOfRange(`imageSize (${imageSize}) has to be a multiple of downsampling (${downsampling}).`);
  }
  requireOneOf("norm", norm, normalisations);
  requireOneOf("middle", middle, ["none", "blocks", "attention"]);
  requireOneOf("shortcuts", shortcuts, ["none", "spaceToChannel"]);
  for (const [name, list] of Object.entries({ widths, decoderWidths })) {
    requireWidths(name, list, downsampling, shortcuts);
  }
  const sizes = widths.map((_, level) => imageSize / 2 ** level);
  for (const size of attentionSizes) {
    if (sizes.includes(size)) continue;
    throw outOfRange(
      `attentionSizes has ${size}; the model's resolutions have ${sizes.join(", ")} positions along a side.`,
    );
  }
  return {
    ...{ imageSize, imageChannels, widths: [...widths], decoderWidths: [...decoderWidths] },
    ...{ downsampling, latentChannels, blocksPerLevel, norm, attentionSizes: [...attentionSizes] },
    ...{ middle, shortcuts, seed },
  };
}

function requireWidths(
  name: string,
  widths: number[],
  downsampling: number,
  shortcuts: AutoencoderConfig["shortcuts"],
): void {
  for (const width of widths) requireInteger(`every one of ${name}`, width, 1);
  const resolutions = Math.log2(downsampling) + 1;
  if (widths.length !== resolutions) {
    throw outOfRange(
      `downsampling ${downsampling} has ${resolutions} resolutions, so ${name} needs ${resolutions} numbers, not ${widths.length}.`,
    );
  }
  if (shortcuts === "none") return;
  for (const [level, width] of widths.entries()) {
    const next = widths[level + 1] ?? width;
    if ((4 * width) % next === 0 && (4 * next) % width === 0) continue;
    throw outOfRange(
      `Shortcuts from space to channels need neighbouring ${name} of which four times the one is a multiple of the other; ${width} and ${next} are not.`,
    );
  }
}

/** The default widths; resolutions beyond them repeat the last. */
function widthsFor(resolutions: number): number[] {
  return Array.from(
    { length: resolutions },
    (_, level) => defaultWidths[level] ?? (defaultWidths.at(-1) as number),
  );
}

function requireOneOf(name: string, value: string, choices: readonly string[]): void {
  if (choices.includes(value)) return;
  const listed = choices.map((choice) => `"${choice}"`).join(", ");
  throw outOfRange(`${name} has to be one of ${listed}, not ${JSON.stringify(value)}.`);
}

function outOfRange(message: string): ConfigError {
  return new ConfigError("ERR_OPTION_OUT_OF_RANGE", message);
}
