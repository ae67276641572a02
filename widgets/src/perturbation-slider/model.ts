import {
  checkBatch,
  checkPictures,
  checkSameBatch,
  type FloatArray,
  type Pictures,
  type Shape,
} from "../shared/arrays.js";
import { roundUpToTick } from "../shared/colour-map.js";
import { WidgetError } from "../shared/errors.js";
import { LatentWidget } from "../shared/latent-widget.js";
import { type PerturbationKind, perturbationKinds, strengthAt } from "./kinds.js";
import { type ChannelMoments, channelMoments, perturb } from "./perturb.js";
import { pictureAt, psnr } from "./pictures.js";
import { curveKey, curvePoints, type PerturbationRequest, type PerturbationSliderState } from "./state.js";
import { describePerturbationSlider, drawPerturbationSlider } from "./static.js";

export type Decode = (latents: FloatArray) => Promise<Pictures>;

export interface PerturbationSliderOptions {
  /** `[batch, height, width, 1 or 3]` */
  pictures: Pictures;
  /** Latents of these pictures, `[batch, height / f, width / f, channels]`. */
  latents: FloatArray;
  /** Decodes `[n, height / f, width / f, channels]`, n from 1 to 5, to n pictures of the size of `pictures`. */
  decode: Decode;
  /** Of the first noise draw. */
  seed?: number;
  title?: string;
  /** What is shown, in the header beside the title. */
  caption?: string;
}

const curveSlice = 5;
/** The curve waits until the reader's hand rests: the picture under the slider comes first. */
const curveDelayMs = 300;

/**
 * Perturbs a latent as the reader drags and shows what the decoder makes of it. Requests that come while one is being
 * decoded replace each other; errors of `decode` are shown in the widget. Throws `WidgetError` on shapes that do not fit.
 */
export class PerturbationSlider extends LatentWidget<PerturbationSliderState> {
  readonly #latents: Float32Array;
  readonly #moments: ChannelMoments;
  readonly #decode: Decode;
  readonly #ready: Promise<void>;
  #working = false;
  #curveTimer: NodeJS.Timeout | undefined;
  #cleanPicture = -1;

  constructor(options: PerturbationSliderOptions) {
    super("perturbation-slider", initialState(options));
    this.#latents = options.latents.data;
    this.#moments = channelMoments(this.#latents, this.state.get().latentsShape[3]);
    this.#decode = options.decode;
    this.state.subscribe((changes, source) => {
      if (source === "view" && changes.request) void this.#work();
    });
    // Not within the constructor: `decode` may well refer to the widget that is being made.
    this.#ready = Promise.resolve().then(() => this.#work());
  }

  /** Resolves when the first picture was decoded, or could not be (`state.error`). */
  override ready(): Promise<void> {
    return this.#ready;
  }

  protected override draw = drawPerturbationSlider;
  protected override describe = describePerturbationSlider;

  /** Answers requests, always the latest, until there is none left. One `decode` at a time. */
  async #work(): Promise<void> {
    clearTimeout(this.#curveTimer);
    // The request under way is answered first; the loop below then finds this one.
    if (this.#working) {
      this.state.set({ acknowledged: this.state.get().request.id });
      return;
    }
    this.#working = true;
    try {
      let done: PerturbationRequest | undefined;
      while (done !== this.state.get().request) {
        done = this.state.get().request;
        this.state.set({ acknowledged: done.id });
        await this.#answer(done);
      }
    } finally {
      this.#working = false;
    }
    this.#curveTimer = setTimeout(() => void this.#computeCurve(), curveDelayMs).unref();
  }

  async #answer(asked: PerturbationRequest): Promise<void> {
    const { pictures, picturesShape, latentsShape } = this.state.get();
    try {
      const request = checkRequest(asked, latentsShape);
      const latent = perturb(this.#latents, latentsShape, this.#moments, request);
      const sameClean = this.#cleanPicture === request.picture;
      const latents = sameClean ? [latent] : [latent, this.#latentOf(request.picture)];
      const [decoded, newClean] = await this.#decodeAll(latents);
      const clean = newClean ?? this.state.get().clean;
      if (!decoded || !clean) return;
      this.#cleanPicture = request.picture;
      const original = pictureAt(pictures, picturesShape, request.picture);
      this.state.set({
        answer: {
          request: asked,
          psnr: finiteOrNull(psnr(decoded, original)),
          cleanPsnr: finiteOrNull(psnr(clean, original)),
          timeMs: Date.now(),
        },
        decoded,
        clean,
        latent,
        error: null,
        ...(this.state.get().curveOf !== curveKey(request) && { curve: null, curveOf: curveKey(request) }),
      });
    } catch (error) {
      this.state.set({ error: { ...describeError(error), requestId: asked.id } });
    }
  }

  /** PSNR along the slider, a few points at a time; ends when another request comes. */
  async #computeCurve(): Promise<void> {
    const state = this.state.get();
    const { answer, pictures, picturesShape, latentsShape } = state;
    if (this.#working || state.error || !answer || (state.curve && !state.curve.some(Number.isNaN))) return;
    const { request } = answer;
    const original = pictureAt(pictures, picturesShape, request.picture);
    const curve = state.curve?.slice() ?? new Float32Array(curvePoints).fill(Number.NaN);
    const first = curve.findIndex(Number.isNaN);
    this.#working = true;
    try {
      for (
        let start = first;
        start < curvePoints && this.state.get().request === request;
        start += curveSlice
      ) {
        const points = Array.from(
          { length: Math.min(curveSlice, curvePoints - start) },
          (_, index) => start + index,
        );
        const latents = points.map((point) => {
          const strength = strengthAt(request.kind, point / (curvePoints - 1));
          return perturb(this.#latents, latentsShape, this.#moments, { ...request, strength });
        });
        const decoded = await this.#decodeAll(latents);
        decoded.forEach((picture, index) => {
          curve[start + index] = psnr(picture, original);
        });
        this.state.set({ curve: curve.slice() });
        await new Promise((resolve) => setImmediate(resolve));
      }
    } catch (error) {
      this.state.set({ error: { ...describeError(error), requestId: request.id } });
    } finally {
      this.#working = false;
    }
    if (this.state.get().request !== request) await this.#work();
  }

  async #decodeAll(latents: Float32Array[]): Promise<Uint8Array[]> {
    const { latentsShape, picturesShape } = this.state.get();
    const [, ...latentSize] = latentsShape;
    const size = latents[0]?.length ?? 0;
    const data = new Float32Array(latents.length * size);
    latents.forEach((latent, index) => {
      data.set(latent, index * size);
    });
    const pictures = await this.#decode({ data, shape: [latents.length, ...latentSize] });
    const shape = checkPictures("decode's result", pictures);
    const expected: Shape = [latents.length, picturesShape[1], picturesShape[2], picturesShape[3]];
    if (shape.some((count, axis) => count !== expected[axis])) {
      throw new WidgetError(
        "ERR_SHAPE_MISMATCH",
        `decode: expected pictures [${expected.join(", ")}], got [${shape.join(", ")}].`,
      );
    }
    return latents.map((_, index) => pictureAt(pictures.data, shape, index));
  }

  #latentOf(picture: number): Float32Array {
    const size = this.#latents.length / this.state.get().latentsShape[0];
    return this.#latents.slice(picture * size, (picture + 1) * size);
  }
}

function initialState(options: PerturbationSliderOptions): PerturbationSliderState {
  const { pictures, latents, decode, seed = 7 } = options;
  const picturesShape = checkPictures("pictures", pictures);
  const latentsShape = checkBatch("latents", latents, Float32Array);
  checkSameBatch("latents", latentsShape, "pictures", picturesShape);
  if (typeof decode !== "function") {
    throw new WidgetError("ERR_WRONG_TYPE", `decode: expected a function of latents, got ${typeof decode}.`);
  }
  let largest = 0;
  for (const value of latents.data)
    largest = Number.isFinite(value) ? Math.max(largest, Math.abs(value)) : largest;
  return {
    title: options.title ?? "PerturbationSlider",
    caption: options.caption ?? "decoder evaluated in the kernel on each change",
    pictures: pictures.data,
    picturesShape,
    latentsShape,
    latentRange: roundUpToTick(largest),
    request: {
      id: 0,
      picture: 0,
      kind: "noise",
      channel: 0,
      strength: perturbationKinds.noise.initial,
      seed,
    },
    acknowledged: 0,
    answer: null,
    decoded: null,
    clean: null,
    latent: null,
    curve: null,
    curveOf: "",
    error: null,
  };
}

/** A request comes from a page: what it says is checked like any input. */
function checkRequest(request: PerturbationRequest, latentsShape: Shape): PerturbationRequest {
  const { picture, kind, channel, strength, seed } = request;
  const isIndex = (value: number, count: number) => Number.isInteger(value) && value >= 0 && value < count;
  const known = Object.hasOwn(perturbationKinds, kind as PerturbationKind);
  const fits = isIndex(picture, latentsShape[0]) && isIndex(channel, latentsShape[3]);
  if (!known || !fits || !Number.isFinite(strength) || !Number.isInteger(seed)) {
    throw new WidgetError(
      "ERR_OUT_OF_RANGE",
      `request: expected picture below ${latentsShape[0]}, channel below ${latentsShape[3]}, kind one of ` +
        `${Object.keys(perturbationKinds).join(", ")}, got ${JSON.stringify(request)}.`,
    );
  }
  return request;
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function describeError(error: unknown): { message: string; details: string } {
  if (error instanceof Error) return { message: error.message, details: error.stack ?? "" };
  return { message: String(error), details: "" };
}
