import type { Engine } from "../engine.js";
import { createAdam } from "./adam.js";
import { compile } from "./compile.js";
import { isDeterministic, setDeterministic } from "./determinism.js";
import { valueAndGradients } from "./gradients.js";
import { inputGradient, stopGradient } from "./input-gradient.js";
import { layers } from "./layers.js";
import { memory } from "./memory.js";
import { createNoise } from "./noise.js";
import { start } from "./start.js";

/**
 * PyTorch's own library: its operators through one native addon, gradients by its autograd, its fused optimiser, and
 * CUDA graphs of whole steps.
 */
export const torch: Engine = {
  name: "torch",
  start,
  valueAndGradients,
  inputGradient,
  stopGradient,
  createAdam,
  createNoise,
  compile,
  layers,
  memory,
  setDeterministic,
  isDeterministic,
};
