import type { Engine } from "../engine.js";
import { createAdam } from "./adam.js";
import { compile } from "./compile.js";
import { inputGradient, stopGradient } from "./input-gradient.js";
import { composedLayers } from "./layers.js";
import { memory } from "./memory.js";
import { createNoise } from "./noise.js";
import { valueAndGradients } from "./value-and-gradients.js";

/** An engine that is a TensorFlow.js backend and nothing more: everything is done with TensorFlow.js's operations. */
export const plainEngine: Omit<Engine, "name" | "start"> = {
  valueAndGradients,
  inputGradient,
  stopGradient,
  createAdam,
  createNoise,
  compile,
  layers: composedLayers,
  memory,
  setDeterministic() {},
  isDeterministic: () => true,
};
