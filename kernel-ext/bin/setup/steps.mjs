// Everything that makes a checkout ready, in the order in which it has to happen.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { kernelspecStep } from "./kernelspec.mjs";
import { hasNvidiaDriver } from "./nvidia-driver.mjs";
import { buildStep, packagesStep } from "./packages.mjs";
import { root, venvProgram } from "./paths.mjs";
import { SetupError } from "./process.mjs";
import { pythonStep } from "./python.mjs";
import { engineVersions, setupTensorflow } from "./tensorflow.mjs";
import { isTorchThere, setupTorch, torchInputs } from "./torch.mjs";
import { trustStep } from "./trust.mjs";

/** The native engines that every machine with g++ can have. */
export const engineNames = ["torch", "tensorflow"];
/** The names that the user can ask for. */
export const installableEngines = [...engineNames, "tensorflow-gpu"];

/** Without a native engine everything still runs, on `wasm`: a machine that cannot have one is told why and goes on. */
async function unlessRequired(required, log, work) {
  try {
    return await work();
  } catch (error) {
    if (required || !(error instanceof SetupError)) throw error;
    log(error.message.split("\n")[0]);
    log(`to have it: ${error.fix}`);
    return "going on without it (slower)";
  }
}

/**
 * @param {{ required: boolean }} options whether to fail where the machine cannot have it
 * @returns {import("./run-steps.mjs").Step}
 */
export const tensorflowStep = ({ required }) => ({
  id: "tensorflow",
  title: "tensorflow engine",
  inputs: () => [root, engineVersions()],
  isThere: () => existsSync(join(root, ".engines", "tensorflow", "stamp.json")),
  fix: 'check the network settings of pip and npm, then run "npm run setup".',
  work: ({ logFile, log }) =>
    unlessRequired(required, log, () =>
      setupTensorflow({ root, python: venvProgram("python"), logFile, log }),
    ),
});

/** TensorFlow on NVIDIA's GPUs: only for those who ask for it, and never instead of a failure. */
export const tensorflowGpuStep = {
  id: "tensorflow-gpu",
  title: "tensorflow engine on a GPU",
  inputs: () => [root, engineVersions()],
  isThere: () => existsSync(join(root, ".engines", "tensorflow-gpu", "stamp.json")),
  fix: 'check the network settings of pip and npm, then run "npm run setup -- --engine tensorflow-gpu".',
  work: ({ logFile, log }) =>
    setupTensorflow({ root, python: venvProgram("python"), variant: "gpu", logFile, log }),
};

/**
 * @param {{ required: boolean, complete: boolean }} options whether to fail where the machine cannot have it, and
 *   whether programs will import PyTorch itself
 * @returns {import("./run-steps.mjs").Step}
 */
export const torchStep = ({ required, complete }) => ({
  id: "torch",
  title: "torch engine",
  inputs: () => [root, ...torchInputs(root)],
  isThere: () => isTorchThere(root, complete || hasNvidiaDriver()),
  fix: 'remove the folder .venv, then run "npm run setup -- --engine torch".',
  work: ({ logFile, log }) =>
    unlessRequired(required, log, () =>
      setupTorch({
        root,
        python: venvProgram("python"),
        complete: complete || hasNvidiaDriver(),
        logFile,
        log,
      }),
    ),
});

/**
 * The torch engine is large: it is installed only where it is asked for, and from then on kept as new as its sources.
 *
 * @param {{ required?: string[], pytorch?: boolean }} options engines without which the command cannot go on; whether
 *   programs will import PyTorch itself
 */
export function allSteps({ required = [], pytorch = false } = {}) {
  const steps = [packagesStep, buildStep, pythonStep, kernelspecStep, trustStep];
  if (required.includes("torch") || existsSync(join(root, ".engines", "torch"))) {
    steps.push(torchStep({ required: required.includes("torch"), complete: pytorch }));
  }
  steps.push(tensorflowStep({ required: required.includes("tensorflow") }));
  if (required.includes("tensorflow-gpu")) steps.push(tensorflowGpuStep);
  return steps;
}
