// Registers the gradients, which tfjs-core alone does not.
import "@tensorflow/tfjs";
import * as tf from "@tensorflow/tfjs-core";
import { EngineError } from "../errors.js";
import type { Engine, EngineDescription, EngineDetails, EngineName } from "./engine.js";
import { tensorflow } from "./tensorflow/index.js";
import { wasm } from "./wasm/index.js";

export type { EngineDescription, EngineDetails, EngineName } from "./engine.js";

/** Fastest first: the order in which `auto` tries them. */
const engines: readonly Engine[] = [tensorflow, wasm];

/**
 * An engine starts once a process: native libraries cannot be loaded a second time in another state. Promises and
 * not results, so that two calls at the same time share one start.
 */
const starts = new Map<EngineName, Promise<EngineDetails>>();
let current: EngineDescription | undefined;

/**
 * Chooses what executes the tensor operations from now on. Tensors made earlier move over when they are used.
 *
 * @param name `auto` (default): the fastest engine that starts; or the name of one
 * @throws EngineError `ERR_ENGINE_UNKNOWN` for another name, `ERR_ENGINE_UNAVAILABLE` when the named one cannot start;
 *   the engine in use before stays in use then
 */
export async function use(name: "auto" | EngineName = "auto"): Promise<EngineDescription> {
  const candidates = name === "auto" ? engines : engines.filter((engine) => engine.name === name);
  if (candidates.length === 0) {
    const names = ["auto", ...engines.map((engine) => engine.name)].join(", ");
    throw new EngineError("ERR_ENGINE_UNKNOWN", `There is no engine "${name}". Use one of: ${names}.`);
  }
  const notUsed: EngineDescription["notUsed"] = [];
  let lastError: EngineError | undefined;
  for (const engine of candidates) {
    try {
      const details = await start(engine);
      await tf.setBackend(engine.name);
      current = { name: engine.name, ...details, notUsed };
      return describe();
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      notUsed.push({ name: engine.name, reason: error.message, fix: error.fix });
      lastError = error;
    }
  }
  // A failed start may have left TensorFlow.js pointing at a backend that does not work.
  if (current) await tf.setBackend(current.name);
  throw lastError;
}

/** Starts the engine unless it has been; a failed start is forgotten, so that it can be repaired and tried again. */
function start(engine: Engine): Promise<EngineDetails> {
  const earlier = starts.get(engine.name);
  if (earlier) return earlier;
  const attempt = engine.start();
  starts.set(engine.name, attempt);
  attempt.catch(() => starts.delete(engine.name));
  return attempt;
}

/**
 * The engine in use.
 *
 * @throws EngineError `ERR_ENGINE_NOT_IN_USE` before the first `use()`
 */
export function describe(): EngineDescription {
  if (!current) {
    throw new EngineError(
      "ERR_ENGINE_NOT_IN_USE",
      'No engine is in use yet. Call `await engine.use("auto")` first.',
      'await engine.use("auto")',
    );
  }
  return structuredClone(current);
}
