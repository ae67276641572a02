import type { Shape } from "../shared/arrays.js";
import { roundUpToTick } from "../shared/colour-map.js";
import type { Cell } from "./state.js";

/** A batch of latents with what the figure says about it: extents, colour ranges, quantiles. */
export class Latents {
  readonly shape: Shape;
  readonly values: Float32Array;
  readonly #sorted = new Map<number, Float32Array>();

  constructor(values: Float32Array, shape: Shape) {
    this.values = values;
    this.shape = shape;
  }

  at({ picture, channel, row, column }: Cell): number {
    return this.values[this.index({ picture, channel, row, column })] ?? Number.NaN;
  }

  index({ picture, channel, row, column }: Cell): number {
    const [, height, width, channels] = this.shape;
    return ((picture * height + row) * width + column) * channels + channel;
  }

  /** Smallest and largest finite value of one channel, or of all (`null`). */
  extent(channel: number | null): [number, number] {
    if (channel !== null) {
      const sorted = this.#sortedChannel(channel);
      return [sorted[0] ?? 0, sorted.at(-1) ?? 0];
    }
    const channels = Array.from({ length: this.shape[3] }, (_, index) => this.extent(index));
    return [Math.min(...channels.map(([low]) => low)), Math.max(...channels.map(([, high]) => high))];
  }

  /** End of the symmetric colour range of one channel, or of all (`null`), rounded up to a tick. */
  range(channel: number | null): number {
    const [low, high] = this.extent(channel);
    return roundUpToTick(Math.max(Math.abs(low), Math.abs(high)));
  }

  /** Share of the channel's finite values below `value`. */
  quantile(channel: number, value: number): number {
    const sorted = this.#sortedChannel(channel);
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sorted[middle] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    return sorted.length ? low / sorted.length : Number.NaN;
  }

  #sortedChannel(channel: number): Float32Array {
    const known = this.#sorted.get(channel);
    if (known) return known;
    const channels = this.shape[3];
    const sorted = this.values
      .filter((value, index) => index % channels === channel && Number.isFinite(value))
      .sort();
    this.#sorted.set(channel, sorted);
    return sorted;
  }
}
