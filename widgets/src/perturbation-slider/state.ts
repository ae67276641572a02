import type { Shape } from "../shared/arrays.js";
import type { PerturbationKind } from "./kinds.js";

/** What the reader asks for; the view writes it, the kernel decodes the latest one. */
export interface PerturbationRequest {
  /** Counts up; an answer names the request it belongs to. */
  id: number;
  picture: number;
  kind: PerturbationKind;
  /** For kind `shift`: the channel that is shifted. */
  channel: number;
  /** In units of the channel's standard deviation; see `perturbationKinds`. */
  strength: number;
  /** Of the noise draw. */
  seed: number;
}

export interface PerturbationAnswer {
  request: PerturbationRequest;
  /** PSNR of the decoded perturbed latent against the picture, dB; `null` when they are identical. */
  psnr: number | null;
  /** PSNR of the decoded latent as it is. */
  cleanPsnr: number | null;
  /** Milliseconds since 1970 when it was decoded. */
  timeMs: number;
}

export interface PerturbationSliderState {
  title: string;
  caption: string;
  pictures: Uint8Array;
  picturesShape: Shape;
  latentsShape: Shape;
  /** End of the colour range of the latent maps, shared over the set. */
  latentRange: number;
  request: PerturbationRequest;
  /** The latest request that reached the kernel. */
  acknowledged: number;
  answer: PerturbationAnswer | null;
  /** `[height, width, channels]` of the decoded perturbed latent. */
  decoded: Uint8Array | null;
  /** The same of the latent as it is. */
  clean: Uint8Array | null;
  /** `[height, width, channels]`, the latent as perturbed. */
  latent: Float32Array | null;
  /** PSNR at `curvePoints` strengths from one end of the slider to the other, dB; NaN where not computed yet. */
  curve: Float32Array | null;
  /** Which picture, kind, channel and seed the curve belongs to: `curveKey` of a request. */
  curveOf: string;
  error: { message: string; details: string; requestId: number } | null;
}

export const curvePoints = 41;

/** All of a request that the curve depends on: everything but its strength. */
export function curveKey({ picture, kind, channel, seed }: PerturbationRequest): string {
  return [picture, kind, kind === "shift" ? channel : "-", kind === "noise" ? seed : "-"].join(" ");
}
