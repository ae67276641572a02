import {
  checkBatch,
  checkPictures,
  checkSameBatch,
  checkSameShape,
  type FloatArray,
  type Pictures,
} from "../shared/arrays.js";
import { WidgetError } from "../shared/errors.js";
import { LatentWidget } from "../shared/latent-widget.js";
import type { Cell, LatentGridState } from "./state.js";
import { describeLatentGrid, drawLatentGrid } from "./static.js";

export interface LatentGridOptions {
  /** `[batch, height, width, 1 or 3]` */
  pictures: Pictures;
  /** Latents of these pictures (their posterior means), `[batch, height / f, width / f, channels]`. */
  latents: FloatArray;
  /** Posterior standard deviations, shaped as `latents`. */
  sigma?: FloatArray;
  /** What the decoder makes of the latents, shaped as `pictures`. */
  decoded?: Pictures;
  /** Pictures a page; 4 by default. */
  rowsPerPage?: number;
  title?: string;
  /** What is shown, in the header beside the title. */
  caption?: string;
}

/**
 * Every channel of a batch's latents as small multiples beside the pictures, with a read-out for the cell under the
 * pointer. Throws `WidgetError` where shapes do not fit each other.
 */
export class LatentGrid extends LatentWidget<LatentGridState> {
  constructor(options: LatentGridOptions) {
    super("latent-grid", initialState(options));
  }

  /** The cell that the reader pinned, or `null`. */
  get pin(): Cell | null {
    return this.state.get().pin;
  }

  protected override draw = drawLatentGrid;
  protected override describe = describeLatentGrid;
}

function initialState(options: LatentGridOptions): LatentGridState {
  const { pictures, latents, sigma, decoded, rowsPerPage = 4 } = options;
  const picturesShape = checkPictures("pictures", pictures);
  const latentsShape = checkBatch("latents", latents, Float32Array);
  checkSameBatch("latents", latentsShape, "pictures", picturesShape);
  if (sigma) checkSameShape("sigma", checkBatch("sigma", sigma, Float32Array), "latents", latentsShape);
  if (decoded) checkSameShape("decoded", checkPictures("decoded", decoded), "pictures", picturesShape);
  if (!Number.isInteger(rowsPerPage) || rowsPerPage < 1) {
    throw new WidgetError(
      "ERR_OUT_OF_RANGE",
      `rowsPerPage: expected a whole number from 1, got ${rowsPerPage}.`,
    );
  }
  const [, height, width, channels] = latentsShape;
  return {
    title: options.title ?? "LatentGrid",
    caption: options.caption ?? `${height} × ${width} × ${channels} latent, posterior mean`,
    pictures: pictures.data,
    picturesShape,
    latents: latents.data,
    latentsShape,
    sigma: sigma?.data ?? null,
    decoded: decoded?.data ?? null,
    offset: 0,
    rowsPerPage,
    range: "shared",
    pin: null,
  };
}
