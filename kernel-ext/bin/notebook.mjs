#!/usr/bin/env node
// npm run notebook -- FILE [--output FILE]: executes a notebook headless and writes it back with its outputs.
import "./setup/check-node.mjs";
import { existsSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import { venvProgram } from "./setup/paths.mjs";
import { runInForeground, SetupError } from "./setup/process.mjs";
import { runCommand, runSteps } from "./setup/run-steps.mjs";
import { allSteps } from "./setup/steps.mjs";

const usage = "npm run notebook -- notebooks/00-first-light.ipynb [--output other.ipynb]";

await runCommand(async () => {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { output: { type: "string" } },
  });
  const [file] = positionals;
  if (!file || !existsSync(file)) {
    throw new SetupError(file ? `There is no notebook ${file}.` : "No notebook was named.", { fix: usage });
  }
  const target = resolve(values.output ?? file);
  await runSteps(allSteps());
  console.log(`executing ${file}; a training notebook takes minutes`);
  // nbconvert writes the file only when every cell has run; widget states go into its metadata.
  return runInForeground(venvProgram("jupyter"), [
    "nbconvert",
    "--to=notebook",
    "--execute",
    "--ExecutePreprocessor.timeout=-1",
    "--ExecutePreprocessor.record_timing=False",
    `--output=${basename(target)}`,
    `--output-dir=${dirname(target)}`,
    file,
  ]);
});
