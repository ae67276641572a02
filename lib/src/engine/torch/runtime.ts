import type { Precision } from "../engine.js";
import type { Addon } from "./addon.js";
import type { Capture } from "./capture.js";

/** What all parts of the engine share. `start` in `index.ts` sets the first three, and may set them again. */
export const runtime = {
  /** Set before anything else is called. */
  addon: undefined as unknown as Addon,
  device: "cpu" as "cpu" | "cuda",
  precision: "float32" as Precision,
  /** Whether results have to repeat to the bit; only a GPU has something to do for it. See `determinism.ts`. */
  deterministic: false,
  /** Whether autograd records operators: inside `valueAndGradients`. */
  recording: false,
  /** Whether what is recorded will be differentiated twice: inside the function of an `inputGradient`. */
  recordingTwice: false,
  /** The CUDA graph that is being captured: inside a compiled step's one captured call. */
  capture: undefined as Capture | undefined,
};
