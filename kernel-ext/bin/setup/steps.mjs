// Everything that makes a checkout ready, in the order in which it has to happen.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { kernelspecStep } from "./kernelspec.mjs";
import { buildStep, packagesStep } from "./packages.mjs";
import { root, venvProgram } from "./paths.mjs";
import { SetupError } from "./process.mjs";
import { pythonStep } from "./python.mjs";
import { engineVersions, setupTensorflow } from "./tensorflow.mjs";
import { trustStep } from "./trust.mjs";

/**
 * The `tensorflow` engine. Without it everything still runs, on `wasm`: unless it is `required`, a machine that
 * cannot have it is told why and goes on.
 * @param {{ required: boolean }} options
 * @returns {import("./run-steps.mjs").Step}
 */
export const tensorflowStep = ({ required }) => ({
  id: "tensorflow",
  title: "tensorflow engine",
  inputs: () => [root, engineVersions()],
  isThere: () => existsSync(join(root, ".engines", "tensorflow", "stamp.json")),
  fix: 'check the network settings of pip and npm, then run "npm run setup".',
  async work({ logFile, log }) {
    try {
      await setupTensorflow({ root, python: venvProgram("python"), logFile, log });
    } catch (error) {
      if (required || !(error instanceof SetupError)) throw error;
      log(error.message.split("\n")[0]);
      log(`to have it: ${error.fix}`);
      return "going on with the wasm engine (slower)";
    }
  },
});

export const allSteps = ({ engineRequired = false } = {}) => [
  packagesStep,
  buildStep,
  pythonStep,
  kernelspecStep,
  trustStep,
  tensorflowStep({ required: engineRequired }),
];
