// Registers the gradients, which tfjs-core alone does not.
import "@tensorflow/tfjs";
import * as tf from "@tensorflow/tfjs-core";
import { EngineError } from "../errors.js";
import type { Parameters } from "../nn/parameters.js";
import { withoutAliases } from "./aliases.js";
import { currentEngine, currentRun, isAnyInUse, recordingVersion, setCurrentRun } from "./current.js";
import { printable } from "./describe.js";
import type {
  CompiledStep,
  Engine,
  EngineDescription,
  EngineDetails,
  EngineMemory,
  EngineName,
  EngineOptions,
  InputGradient,
  ValueAndGradients,
} from "./engine.js";
import { registerGradients } from "./gradients/index.js";
import { requireKnownOptions } from "./options.js";
import { tensorflow } from "./tensorflow/index.js";
import { torch } from "./torch/index.js";
import { wasm } from "./wasm/index.js";

export type {
  CompiledStep,
  DeviceName,
  EngineDescription,
  EngineDetails,
  EngineMemory,
  EngineName,
  EngineOptions,
  InputGradient,
  Precision,
  ValueAndGradients,
} from "./engine.js";

/** Fastest first: the order in which `auto` tries them. */
const engines: readonly Engine[] = [torch, tensorflow, wasm];

interface Start {
  /** The options, as text: the same again are no new start. */
  options: string;
  details: EngineDetails;
}
const starts = new Map<EngineName, Start>();
let lastUse: Promise<unknown> = Promise.resolve();

registerGradients();

/**
 * Chooses what executes the tensor operations from now on. Models, optimisers and sources of noise made earlier move
 * over when they are used. An engine can be started again with other options.
 *
 * @param name `auto` (default): the fastest engine that starts and has the options; or the name of one
 * @param options `device`: `auto` (default), `cpu` or `cuda`; `precision`: `float32`, `tf32` or `bfloat16`, default
 *   `tf32` on a GPU and `float32` elsewhere
 * @throws EngineError `ERR_ENGINE_UNKNOWN` for another name, `ERR_ENGINE_OPTION` for an option that the engine lacks,
 *   `ERR_ENGINE_UNAVAILABLE` when it cannot start; the engine in use before stays in use then
 */
export function use(
  name: "auto" | EngineName = "auto",
  options: EngineOptions = {},
): Promise<EngineDescription> {
  // One after the other: native libraries do not like to be started twice at the same time.
  const turn = lastUse.then(() => chooseEngine(name, options));
  lastUse = turn.catch(() => {});
  return turn;
}

async function chooseEngine(name: "auto" | EngineName, options: EngineOptions): Promise<EngineDescription> {
  requireKnownOptions(options);
  const candidates = name === "auto" ? engines : engines.filter((engine) => engine.name === name);
  if (candidates.length === 0) {
    const names = ["auto", ...engines.map((engine) => engine.name)].join(", ");
    throw new EngineError("ERR_ENGINE_UNKNOWN", `There is no engine "${name}". Use one of: ${names}.`);
  }
  const failures: EngineError[] = [];
  const notUsed: EngineDescription["notUsed"] = [];
  for (const engine of candidates) {
    try {
      await startEngine(engine, options, notUsed);
      return describe();
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      notUsed.push({ name: engine.name, reason: error.message, fix: error.fix });
      failures.push(error);
    }
  }
  // A failed start may have left TensorFlow.js pointing at a backend that does not work.
  if (isAnyInUse()) await tf.setBackend(currentEngine().name);
  throw summarise(failures);
}

async function startEngine(
  engine: Engine,
  options: EngineOptions,
  notUsed: EngineDescription["notUsed"],
): Promise<void> {
  const { name } = engine;
  const { device = "auto", precision } = options;
  const wanted = JSON.stringify([device, precision]);
  let start = starts.get(name);
  const isNew = start?.options !== wanted;
  if (!start || isNew) {
    start = { options: wanted, details: await engine.start(options) };
    starts.set(name, start);
  }
  const isChange = isNew || !isAnyInUse() || currentEngine() !== engine;
  await tf.setBackend(name);
  setCurrentRun({ engine, description: { name, ...start.details, notUsed } }, isChange);
}

/** One engine's own error; for several, their sentences and the remedy of the fastest. */
function summarise(failures: EngineError[]): EngineError {
  const [first] = failures as [EngineError, ...EngineError[]];
  if (failures.length === 1) return first;
  const sentences = failures.map((failure) => failure.message).join(" ");
  return new EngineError(first.code, `No engine can be used so. ${sentences}`, first.fix, { cause: first });
}

/**
 * The engine in use. The last line of a notebook's cell shows it as text.
 *
 * @throws EngineError `ERR_ENGINE_NOT_IN_USE` before the first `use()`
 */
export function describe(): EngineDescription {
  return printable(currentRun().description);
}

/**
 * The loss and its gradients with respect to the parameters, computed by the fastest way that the engine has. On
 * `torch` that is torch's autograd, to which `tf.customGrad` means nothing: it differentiates the forward pass.
 *
 * @param loss returns a scalar; tensors that it makes on the way are freed
 * @param parameters a variable under two names (tied weights) has one gradient, under the first of them
 * @returns both are the caller's to dispose of; a parameter that the loss does not depend on has no gradient
 */
export function valueAndGradients(loss: () => tf.Scalar, parameters: Parameters): ValueAndGradients {
  return currentEngine().valueAndGradients(loss, withoutAliases(parameters));
}

/**
 * What a function returns and the gradient of its sum with respect to its input, which can be differentiated again: inside
 * of `valueAndGradients` a penalty on the gradient has gradients with respect to the parameters. For a function that
 * treats every picture of a batch by itself, each picture's part of the gradient is that of its own value.
 *
 * The point counts as a constant: no gradient passes on to what `x` was computed from.
 *
 * @param f gets a tensor with the numbers of `x`; returns a float32 tensor of any shape
 * @param x float32
 * @returns both are the caller's to dispose of, like other tensors
 * @throws Error where what `f` returns does not depend on its input
 */
export function inputGradient<Shape extends tf.Tensor>(
  f: (x: Shape) => tf.Tensor,
  x: Shape,
): InputGradient<Shape> {
  return currentEngine().inputGradient(f, x);
}

/**
 * The same numbers as a constant: gradients end here. (`tf.customGrad` does not serve, because not every engine computes
 * gradients by TensorFlow.js's tape.)
 *
 * @returns the shape of `x`
 */
export function stopGradient<Shape extends tf.Tensor>(x: Shape): Shape {
  return currentEngine().stopGradient(x);
}

/**
 * A training step made faster where the engine knows how: on an NVIDIA GPU it is recorded once for every set of input
 * shapes and then replayed as one piece; elsewhere it is called as it is.
 *
 * What changes from call to call has to come in through `inputs`, an optimiser's learning rate or `createNoise`: a
 * number computed in JavaScript is the number of the recorded call for ever. Nothing can be read back inside.
 *
 * @param step takes tensors by name and returns tensors by name; whatever else it makes is freed
 * @returns the step; its outputs are the caller's to dispose of, its inputs stay the caller's
 */
export function compile<Inputs extends tf.NamedTensorMap, Outputs extends tf.NamedTensorMap>(
  step: (inputs: Inputs) => Outputs,
): CompiledStep<Inputs, Outputs> {
  let madeAt = recordingVersion();
  let compiled = currentEngine().compile(step);
  const call = (inputs: Inputs): Outputs => {
    if (madeAt !== recordingVersion()) {
      compiled.dispose();
      compiled = currentEngine().compile(step);
      madeAt = recordingVersion();
    }
    return compiled(inputs);
  };
  return Object.defineProperty(Object.assign(call, { dispose: () => compiled.dispose() }), "captured", {
    get: () => compiled.captured,
  }) as unknown as CompiledStep<Inputs, Outputs>;
}

/** What the engine in use holds, in tensors and bytes. */
export function memory(): EngineMemory {
  return currentEngine().memory();
}
