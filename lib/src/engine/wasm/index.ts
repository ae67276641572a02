import { createRequire } from "node:module";
import path from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { EngineError } from "../../errors.js";
import type { Engine, EngineDetails } from "../engine.js";
import { requireFloat32On } from "../options.js";
import { plainEngine } from "../plain/index.js";
import { registerTrainingKernels } from "./training-kernels.js";

const require = createRequire(import.meta.url);

/**
 * TensorFlow.js's WebAssembly backend: XNNPACK's kernels with SIMD, on one thread (upstream has no threads on Node).
 * Comes with npm and works everywhere; what it lacks for training is composed in `training-kernels.ts`.
 */
export const wasm: Engine = {
  name: "wasm",
  ...plainEngine,

  async start(options) {
    requireFloat32On("wasm", ["cpu"], options);
    loaded ??= load();
    try {
      return await loaded;
    } catch (error) {
      loaded = undefined; // so that it can be repaired and tried again
      throw new EngineError(
        "ERR_ENGINE_UNAVAILABLE",
        `The wasm engine cannot start: ${error instanceof Error ? error.message : String(error)}. Its package is part of the project's dependencies; install them again.`,
        "npm ci",
        { cause: error },
      );
    }
  },
};

let loaded: Promise<EngineDetails> | undefined;

async function load(): Promise<EngineDetails> {
  // Imported here and not at the top: the import alone registers the backend and listens on `process`.
  const backend = await withoutProcessListeners(async () => {
    const module = await import("@tensorflow/tfjs-backend-wasm");
    const folder = path.dirname(require.resolve("@tensorflow/tfjs-backend-wasm"));
    module.setWasmPaths(`${folder}${path.sep}`);
    if (!(await tf.setBackend("wasm"))) throw new Error("the WebAssembly module did not initialise");
    return module;
  });
  registerTrainingKernels();
  const simd = await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT");
  return {
    version: backend.version_wasm,
    device: `CPU, 1 thread${simd ? ", SIMD" : ""}`,
    precision: "float32",
  };
}

/**
 * Emscripten's start-up code listens for uncaught exceptions and unhandled rejections and ends the process on them.
 * What happens to those is up to the program (a notebook kernel must survive them), so its listeners are taken off.
 */
async function withoutProcessListeners<Result>(start: () => Promise<Result>): Promise<Result> {
  const events = ["uncaughtException", "unhandledRejection"];
  const before = new Set(events.flatMap((event) => process.listeners(event as NodeJS.Signals)));
  try {
    return await start();
  } finally {
    for (const event of events) {
      for (const listener of process.listeners(event as NodeJS.Signals)) {
        if (!before.has(listener)) process.removeListener(event, listener);
      }
    }
  }
}
