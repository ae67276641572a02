import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import path from "node:path";
import util from "node:util";
import * as tf from "@tensorflow/tfjs-core";
import { EngineError } from "../../errors.js";
import type { Engine, EngineDetails } from "../engine.js";
import { registerExplicitPadding } from "./explicit-padding.js";
import { findEngineFolder } from "./folder.js";

/** What is used here of tfjs-node's modules, which come without the project's dependencies and so without types. */
interface Binding {
  TF_Version: string;
}
interface BackendModule {
  NodeJSKernelBackend: new (binding: Binding, packageName: string) => tf.KernelBackend;
}

/**
 * TensorFlow's own kernels on all cores: the JavaScript of `@tensorflow/tfjs-node` on its binding, which the set-up
 * compiles against the library of TensorFlow's Python wheel.
 */
export const tensorflow: Engine = {
  name: "tensorflow",

  async start(): Promise<EngineDetails> {
    const folder = findEngineFolder();
    if (!folder) throw unavailable("it is not set up on this machine");
    try {
      const binding = loadBackend(folder);
      if (!(await tf.setBackend("tensorflow"))) throw new Error("TensorFlow's backend did not initialise");
      registerExplicitPadding();
      return { version: binding.TF_Version, device: `CPU, ${availableParallelism()} threads` };
    } catch (error) {
      throw unavailable(error instanceof Error ? error.message : String(error), error);
    }
  },
};

function loadBackend(folder: string): Binding {
  // Errors only. One line about oneDNN comes all the same: TensorFlow writes it before it reads this.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";
  restoreRemovedUtilities();
  const require = createRequire(path.join(folder, "package.json"));
  const binding: Binding = require("./tfjs_binding.node");
  // Its modules one by one and not its index.js: that looks for the binding with node-pre-gyp, in another place.
  const { NodeJSKernelBackend }: BackendModule = require("@tensorflow/tfjs-node/dist/nodejs_kernel_backend");
  require("@tensorflow/tfjs-node/dist/register_all_kernels");
  tf.registerBackend("tensorflow", () => new NodeJSKernelBackend(binding, "tensorflow"));
  return binding;
}

/** tfjs-node 4.22.0 calls two functions of `util` that Node 22 warns of and Node 23 no longer has. */
function restoreRemovedUtilities(): void {
  const legacy = util as unknown as Record<string, unknown>;
  legacy.isNullOrUndefined = (value: unknown) => value === null || value === undefined;
  legacy.isArray = Array.isArray;
}

function unavailable(reason: string, cause?: unknown): EngineError {
  return new EngineError(
    "ERR_ENGINE_UNAVAILABLE",
    `The tensorflow engine cannot start: ${reason}. Run \`npm run setup\` in the project's folder; it says what it needs.`,
    "npm run setup",
    { cause },
  );
}
