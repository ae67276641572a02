import type { UnetConfig } from "./unet.js";
import type { Stop } from "./unet-blocks.js";

/** The U-Net's levels, from the finest to the coarsest and back. Names and order are diffusers' `UNet2DModel`'s. */
export interface UnetLayout {
  down: { block: string; stops: Stop[]; downsamples: boolean; channels: number }[];
  middle: Stop[];
  up: { block: string; stops: Stop[]; upsamples: boolean; channels: number }[];
}

/** Lists the blocks with their channels. Every block on the way up takes one result of the way down beside its input. */
export function layOut({ widths, blocks, attention }: UnetConfig): UnetLayout {
  const lowest = widths.length - 1;
  let channels = widths[0] as number;
  const skips = [channels];
  const down = widths.map((width, level) => {
    const block = `down_blocks.${level}`;
    const stops = Array.from({ length: blocks }, (_, index): Stop => {
      const stop = { block, index, inChannels: channels, outChannels: width, attention: !!attention[level] };
      channels = width;
      skips.push(width);
      return stop;
    });
    if (level < lowest) skips.push(width);
    return { block, stops, downsamples: level < lowest, channels: width };
  });
  const same = { block: "mid_block", inChannels: channels, outChannels: channels };
  const middle: Stop[] = [
    { ...same, index: 0, attention: !!attention[lowest] },
    { ...same, index: 1, attention: false },
  ];
  const up = widths.toReversed().map((width, place) => {
    const block = `up_blocks.${place}`;
    const level = lowest - place;
    const stops = Array.from({ length: blocks + 1 }, (_, index): Stop => {
      const inChannels = channels + (skips.pop() as number);
      channels = width;
      return { block, index, inChannels, outChannels: width, attention: !!attention[level] };
    });
    return { block, stops, upsamples: level > 0, channels: width };
  });
  return { down, middle, up };
}
