import { availableParallelism } from "node:os";
import * as tf from "@tensorflow/tfjs-core";
import { EngineError } from "../../errors.js";
import type { EngineDetails, EngineOptions, Precision } from "../engine.js";
import type { AddonInfo } from "./addon.js";
import { TorchBackend } from "./backend.js";
import { applyDeterminism } from "./determinism.js";
import { loadAddon } from "./load-addon.js";
import { resolveOperators } from "./operators.js";
import { runtime } from "./runtime.js";
import "./kernels/index.js";

const setUp = "npm run setup -- --engine torch";

/** See `Engine.start`. Tensors made on another device move over when they are used. */
export async function start(options: EngineOptions): Promise<EngineDetails> {
  const addon = loadAddon();
  const info = addon.info();
  const device = chooseDevice(options.device ?? "auto", info);
  const precision = choosePrecision(options.precision, device);
  if (!runtime.addon) {
    resolveOperators(addon);
    addon.recordGradients(false);
    addon.setThreads(Number(process.env.OMP_NUM_THREADS) || availableParallelism());
    runtime.addon = addon;
    tf.registerBackend("torch", () => new TorchBackend());
  }
  if (device === "cuda") addon.setTf32(precision !== "float32");
  runtime.device = device;
  runtime.precision = precision;
  applyDeterminism();
  if (!(await tf.setBackend("torch"))) {
    throw new EngineError(
      "ERR_ENGINE_UNAVAILABLE",
      "The torch engine cannot start: TensorFlow.js refused it.",
      setUp,
    );
  }
  return { version: info.torch, device: describeDevice(device, options, addon.info()), precision };
}

function chooseDevice(wanted: "auto" | "cpu" | "cuda", info: AddonInfo): "cpu" | "cuda" {
  if (wanted === "cpu" || (wanted === "auto" && !info.cuda)) return "cpu";
  if (info.cuda) return "cuda";
  const reason = info.compiledForCuda ? whyNoGpu(info) : "it was set up for the CPU";
  throw new EngineError(
    "ERR_ENGINE_UNAVAILABLE",
    `The torch engine cannot use a GPU: ${reason}. Use \`{ device: "cpu" }\`, or set it up again on a machine with an NVIDIA GPU and its driver.`,
    info.compiledForCuda ? undefined : setUp,
  );
}

function choosePrecision(wanted: Precision | undefined, device: "cpu" | "cuda"): Precision {
  if (wanted === "tf32" && device === "cpu") {
    throw new EngineError(
      "ERR_ENGINE_OPTION",
      'Precision "tf32" is one of NVIDIA\'s GPUs. On the CPU there are "float32" and "bfloat16".',
      'await engine.use("torch", { device: "cpu", precision: "float32" })',
    );
  }
  return wanted ?? (device === "cuda" ? "tf32" : "float32");
}

function describeDevice(device: "cpu" | "cuda", wanted: EngineOptions, info: AddonInfo): string {
  const { cuda, threads, compiledForCuda } = info;
  if (device === "cuda" && cuda) return `${cuda.name} (${Math.round(cuda.totalBytes / 2 ** 30)} GiB)`;
  const cpu = `CPU, ${threads} ${threads === 1 ? "thread" : "threads"}`;
  const isSecondChoice = compiledForCuda && wanted.device !== "cpu";
  return isSecondChoice ? `${cpu} (${whyNoGpu(info)})` : cpu;
}

/** The addon's sentence, as a part of another one. */
function whyNoGpu({ cudaError }: AddonInfo): string {
  return (cudaError ?? "torch finds no GPU that it can use").replace(/\.$/, "");
}
