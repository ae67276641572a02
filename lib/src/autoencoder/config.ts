import { ConfigError } from "../errors.js";
import { requireInteger } from "../options.js";

export interface AutoencoderConfig {
  /** Height and width of the pictures, in pixels. */
  imageSize: number;
  imageChannels: number;
  /** Channels at each resolution, from the full one downwards: one more than there are halvings. */
  widths: number[];
  /** Pixels per latent position along one side, a power of two: `f` in the literature's f4, f8. */
  downsampling: number;
  latentChannels: number;
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
  const halvings = Math.log2(downsampling);
  if (!Number.isInteger(halvings) || halvings < 0) {
    throw outOfRange(`downsampling has to be a power of two (1, 2, 4, 8, ...), not ${downsampling}.`);
  }
  const widths = options.widths ?? widthsFor(halvings + 1);
  requireInteger("imageSize", imageSize, 1);
  requireInteger("imageChannels", imageChannels, 1);
  requireInteger("latentChannels", latentChannels, 1);
  for (const width of widths) requireInteger("every one of widths", width, 1);
  if (imageSize % downsampling !== 0) {
    throw outOfRange(`imageSize (${imageSize}) has to be a multiple of downsampling (${downsampling}).`);
  }
  if (widths.length !== halvings + 1) {
    throw outOfRange(
      `downsampling ${downsampling} has ${halvings + 1} resolutions, so widths needs ${halvings + 1} numbers, not ${widths.length}.`,
    );
  }
  return { imageSize, imageChannels, widths: [...widths], downsampling, latentChannels, seed };
}

/** The default widths; resolutions beyond them repeat the last. */
function widthsFor(resolutions: number): number[] {
  return Array.from(
    { length: resolutions },
    (_, level) => defaultWidths[level] ?? (defaultWidths.at(-1) as number),
  );
}

function outOfRange(message: string): ConfigError {
  return new ConfigError("ERR_OPTION_OUT_OF_RANGE", message);
}
