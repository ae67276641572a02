#!/usr/bin/env node
// npm run bench -- NAME ...: measures the kernel beside others, and the engines beside PyTorch where a Python has it.
import "./setup/check-node.mjs";
import { existsSync } from "node:fs";
import * as conformance from "../bench/conformance.mjs";
import * as latency from "../bench/latency.mjs";
import * as soak from "../bench/soak.mjs";
import { venvProgram } from "./setup/paths.mjs";
import { runInForeground, SetupError } from "./setup/process.mjs";
import { runCommand } from "./setup/run-steps.mjs";

const kernelBenchmarks = {
  kernel: latency.benchLatency,
  soak: soak.benchSoak,
  conformance: conformance.benchConformance,
};

await runCommand(async () => {
  const [command, ...args] = process.argv.slice(2);
  const ofKernel = kernelBenchmarks[command];
  if (ofKernel) return ofKernel(args);
  if (command === undefined)
    console.log([latency, soak, conformance].map(({ usage }) => `${usage}\n`).join("\n"));
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
