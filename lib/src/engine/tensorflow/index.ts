import { availableParallelism } from "node:os";
import path from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { EngineError } from "../../errors.js";
import { findDamagedLibrary } from "../damaged-library.js";
import type { DeviceName, Engine, EngineDetails } from "../engine.js";
import { requireFloat32On } from "../options.js";
import { plainEngine } from "../plain/index.js";
import { type Binding, loadBackend } from "./binding.js";
import { registerConvolutions } from "./convolutions.js";
import { findInstallations, type Installation, libraryFolders } from "./installations.js";
import { registerDirectKernels } from "./kernels.js";

/**
 * TensorFlow's own kernels on all cores or on an NVIDIA GPU: the JavaScript of `@tensorflow/tfjs-node(-gpu)` on its
 * binding. The set-up compiles that against the library of TensorFlow's Python wheel; where the published npm package
 * is installed and its library loads, that is used.
 */
export const tensorflow: Engine = {
  name: "tensorflow",
  ...plainEngine,

  /** On a GPU TensorFlow takes what is fastest, and offers no other way through its C library. */
  isDeterministic: () => library?.binding.isUsingGpuDevice() !== true,

  async start(options): Promise<EngineDetails> {
    // On a GPU, TensorFlow rounds the factors of its products to TF32 by itself, and on the CPU it never does.
    const wishesTf32 = options.precision === "tf32" && options.device !== "cpu";
    requireFloat32On("tensorflow", ["cpu", "cuda"], wishesTf32 ? {} : options);
    const device = wishesTf32 ? "cuda" : (options.device ?? "auto");
    library ??= loadLibrary(device);
    const { binding, installation } = library;
    const onGpu = binding.isUsingGpuDevice();
    if (device === "cuda" && !onGpu && installation.forGpu) {
      throw unavailable(device, "TensorFlow finds no GPU that it can use");
    }
    if (device !== "auto" && onGpu !== (device === "cuda")) {
      const exists = findInstallations().some(({ forGpu }) => forGpu === (device === "cuda"));
      throw exists ? cannotChange(device) : unavailable(device, "it is not set up on this machine");
    }
    if (!(await tf.setBackend("tensorflow"))) throw unavailable(device, "its backend did not initialise");
    return {
      version: binding.TF_Version,
      device: onGpu
        ? "NVIDIA GPU (this engine is untested on a GPU)"
        : `CPU, ${availableParallelism()} threads`,
      precision: onGpu ? "tf32" : "float32",
    };
  },
};

/** Loaded once: a process can hold one TensorFlow library, and it stays. */
let library: { binding: Binding; installation: Installation } | undefined;

function loadLibrary(device: DeviceName): NonNullable<typeof library> {
  const failures: unknown[] = [];
  for (const installation of findInstallations()) {
    if (device !== "auto" && installation.forGpu !== (device === "cuda")) continue;
    try {
      const damaged = findDamagedLibrary(libraryFolders(installation));
      if (damaged) {
        const folder = path.dirname(installation.binding);
        throw new Error(`its file ${path.basename(damaged)} is damaged; remove the folder ${folder}`);
      }
      const binding = loadBackend(installation);
      registerConvolutions();
      registerDirectKernels();
      return { binding, installation };
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length === 0) throw unavailable(device, "it is not set up on this machine");
  const [first] = failures;
  throw unavailable(device, first instanceof Error ? first.message : String(first), first);
}

function cannotChange(device: DeviceName): EngineError {
  return new EngineError(
    "ERR_ENGINE_OPTION",
    `The tensorflow engine computes on the ${device === "cuda" ? "CPU" : "GPU"} in this process, and cannot change that. Restart the kernel, and choose the device before anything else.`,
    `await engine.use("tensorflow", { device: "${device}" })`,
  );
}

function unavailable(device: DeviceName, reason: string, cause?: unknown): EngineError {
  const command = device === "cuda" ? "npm run setup -- --engine tensorflow-gpu" : "npm run setup";
  return new EngineError(
    "ERR_ENGINE_UNAVAILABLE",
    `The tensorflow engine cannot start${device === "cuda" ? " on a GPU" : ""}: ${reason}. Run \`${command}\` in the project's folder; it says what it needs.`,
    command,
    { cause },
  );
}
