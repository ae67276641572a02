#!/usr/bin/env node
// npm run bench -- engines|memory|profile|table ...: measures the engines, beside PyTorch where a Python has it.
import "./setup/check-node.mjs";
import { existsSync } from "node:fs";
import { venvProgram } from "./setup/paths.mjs";
import { runInForeground, SetupError } from "./setup/process.mjs";
import { runCommand } from "./setup/run-steps.mjs";

await runCommand(async () => {
  const program = await bundle();
  const env = { ...process.env };
  const python = venvProgram("python");
  if (existsSync(python)) env.LATENTLAB_PYTHON_TORCH ??= python;
  return runInForeground(process.execPath, [program, ...process.argv.slice(2)], { env, cwd: process.cwd() });
});

async function bundle() {
  try {
    const { bundleBenchmarks } = await import("../../lib/bench/bundle.mjs");
    return await bundleBenchmarks();
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new SetupError("The npm packages are not installed.", {
      fix: 'run "npm run setup", then this again.',
    });
  }
}
