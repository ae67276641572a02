import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { EngineError } from "../../errors.js";
import type { Engine, EngineDetails } from "../engine.js";
import { requireFloat32On } from "../options.js";
import { plainEngine } from "../plain/index.js";
import { Helper } from "./helper.js";
import { registerTrainingKernels } from "./training-kernels.js";

const require = createRequire(import.meta.url);

/**
 * TensorFlow.js's WebAssembly backend: XNNPACK's kernels with SIMD. Comes with npm and works everywhere; what it lacks for
 * training is composed in `training-kernels.ts`. It is published without threads (the "threaded" file has a stand-in
 * for XNNPACK's thread pool), so that convolutions are split between instances of it, each in a thread of its own.
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

/** With more, this thread would mostly copy. */
const maxThreads = 4;

async function load(): Promise<EngineDetails> {
  // Imported here and not at the top: the import alone registers the backend and listens on `process`.
  const { backend, helpers } = await withoutProcessListeners(async () => {
    const backend = await import("@tensorflow/tfjs-backend-wasm");
    const folder = `${path.dirname(require.resolve("@tensorflow/tfjs-backend-wasm"))}${path.sep}`;
    backend.setWasmPaths(folder);
    const starting = startHelpers(folder);
    if (!(await tf.setBackend("wasm"))) throw new Error("the WebAssembly module did not initialise");
    return { backend, helpers: await starting };
  });
  registerTrainingKernels(helpers);
  const simd = await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT");
  return {
    version: backend.version_wasm,
    device: `CPU, ${helpers.length + 1} thread${helpers.length > 0 ? "s" : ""}${simd ? ", SIMD" : ""}`,
    precision: "float32",
  };
}

/** As many as start: the engine also works alone. */
async function startHelpers(wasmFolder: string): Promise<Helper[]> {
  const count = Math.min(os.availableParallelism(), maxThreads) - 1;
  const starts = await Promise.allSettled(Array.from({ length: count }, () => Helper.start(wasmFolder)));
  return starts.flatMap((start) => (start.status === "fulfilled" ? start.value : []));
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
