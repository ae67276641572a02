// Runs a Python program of this folder on kernels that are installed for it alone.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { root, venvProgram } from "../bin/setup/paths.mjs";
import { runInForeground, SetupError } from "../bin/setup/process.mjs";
import { writeKernelspecs } from "./kernelspecs.mjs";

/**
 * @template Result
 * @param {string | undefined} names of kernels, by commas; all by default
 * @param {(kernels: Record<string, { language: string, version: string }>, run: (program: string, args: string[]) => Promise<any>) => Promise<Result>} use
 *   `run` resolves with what the program writes to the file after `--out`
 */
export async function withKernels(names, use) {
  const jupyterPath = mkdtempSync(join(os.tmpdir(), "latentlab-bench-"));
  try {
    const known = await writeKernelspecs(jupyterPath, join(root, ".setup", "bench"));
    const chosen = names?.split(",") ?? Object.keys(known);
    const missing = chosen.filter((name) => !known[name]);
    if (missing.length > 0) {
      const fix = `choose among ${Object.keys(known).join()}.`;
      throw new SetupError(`There is no kernel ${missing.join()}.`, { fix });
    }
    const kernels = Object.fromEntries(chosen.map((name) => [name, known[name]]));
    return await use(kernels, (program, args) => runProgram(program, args, jupyterPath));
  } finally {
    rmSync(jupyterPath, { recursive: true, force: true });
  }
}

async function runProgram(program, args, folder) {
  const measured = join(folder, "measured.json");
  rmSync(measured, { force: true });
  const file = fileURLToPath(new URL(program, import.meta.url));
  // TypeScript's packages are found from the notebooks' folder.
  const cwd = join(root, "notebooks");
  const env = { ...process.env, JUPYTER_PATH: folder, PYTHONDONTWRITEBYTECODE: "1" };
  await runInForeground(venvProgram("python"), [file, ...args, "--out", measured], { cwd, env });
  try {
    return JSON.parse(readFileSync(measured, "utf8"));
  } catch {
    throw new SetupError(`${program} has measured nothing.`, { fix: "see above." });
  }
}

/** Options that all have a text as their value. */
export function readOptions(args, defaults, names, usage) {
  const options = Object.fromEntries(names.map((name) => [name, { type: "string" }]));
  try {
    return { ...defaults, ...parseArgs({ args, options }).values };
  } catch (error) {
    throw new SetupError(error.message, { fix: usage });
  }
}
