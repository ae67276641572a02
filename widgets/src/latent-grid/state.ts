import type { Shape } from "../shared/arrays.js";

/** One value of a latent: which picture and channel, and where. */
export interface Cell {
  picture: number;
  channel: number;
  row: number;
  column: number;
}

/** `shared`: one colour range for all channels; `channel`: each its own. */
export type RangeMode = "shared" | "channel";

export interface LatentGridState {
  title: string;
  caption: string;
  pictures: Uint8Array;
  picturesShape: Shape;
  latents: Float32Array;
  latentsShape: Shape;
  /** Posterior standard deviations, shaped as the latents. */
  sigma: Float32Array | null;
  /** Decoded pictures, shaped as the pictures. */
  decoded: Uint8Array | null;
  /** First picture of the page shown. */
  offset: number;
  rowsPerPage: number;
  range: RangeMode;
  /** The cell that stays marked; the view sets it on Enter or a click. */
  pin: Cell | null;
}
