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
  const { file, output } = readArguments();
  const target = resolve(output ?? file);
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

function readArguments() {
  const refuse = (message) => new SetupError(message, { fix: usage });
  let parsed;
  try {
    parsed = parseArgs({ allowPositionals: true, options: { output: { type: "string" } } });
  } catch (error) {
    throw refuse(error.message);
  }
  const [file] = parsed.positionals;
  if (!file) throw refuse("No notebook was named.");
  if (!existsSync(file)) throw refuse(`There is no notebook ${file}.`);
  if (!file.endsWith(".ipynb")) throw refuse(`${file} is no notebook: those end in .ipynb.`);
  return { file, output: parsed.values.output };
}
