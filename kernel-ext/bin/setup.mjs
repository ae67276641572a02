#!/usr/bin/env node
// npm run setup [-- --engine NAME]: everything that `npm start` prepares, without starting JupyterLab.
import "./setup/check-node.mjs";
import { parseArgs } from "node:util";
import { SetupError } from "./setup/process.mjs";
import { runCommand, runSteps } from "./setup/run-steps.mjs";
import { allSteps, engineNames, installableEngines } from "./setup/steps.mjs";

const usage = `npm run setup [-- OPTIONS]
  --engine NAME  set this engine up, or fail and say why not:
                 torch           PyTorch's library; on an NVIDIA GPU or the CPU (downloads 2.9 GB, without a GPU 530 MB)
                 tensorflow      TensorFlow's library on the CPU; tried anyway, without failing
                 tensorflow-gpu  the same on an NVIDIA GPU (3.3 GB; untested on a GPU, and slower than torch)
                 all             torch and tensorflow
                 The wasm engine needs no set-up.`;

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        engine: { type: "string", multiple: true, default: [] },
        help: { type: "boolean", default: false },
      },
    });
    for (const name of values.engine) {
      if (![...installableEngines, "all"].includes(name))
        throw new Error(`There is no set-up of an engine "${name}"`);
    }
    return { ...values, engine: values.engine.includes("all") ? engineNames : values.engine };
  } catch (error) {
    throw new SetupError(`${error.message}.`, { fix: `use one of these:\n${usage}` });
  }
}

await runCommand(async () => {
  const options = readOptions();
  if (options.help) {
    console.log(usage);
    return 0;
  }
  console.log("latentlab: set-up");
  await runSteps(allSteps({ required: options.engine }));
  return 0;
});
