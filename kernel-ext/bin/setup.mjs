#!/usr/bin/env node
// npm run setup: everything that `npm start` prepares, without starting JupyterLab.
import "./setup/check-node.mjs";
import { runCommand, runSteps } from "./setup/run-steps.mjs";
import { allSteps } from "./setup/steps.mjs";

await runCommand(async () => {
  console.log("latentlab: set-up");
  await runSteps(allSteps());
  return 0;
});
