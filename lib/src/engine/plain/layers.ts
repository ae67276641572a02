import type { EngineLayers } from "../engine.js";
import { composedAttention } from "./attention.js";
import { composedGroupNorm } from "./group-norm.js";
import { composedNormaliseRows } from "./normalise-rows.js";
import { composedSilu } from "./silu.js";

/** Layers composed of TensorFlow.js's operations: right on every engine, also under its tape of gradients. */
export const composedLayers: EngineLayers = {
  groupNorm: composedGroupNorm,
  normaliseRows: composedNormaliseRows,
  silu: composedSilu,
  attention: composedAttention,
};
