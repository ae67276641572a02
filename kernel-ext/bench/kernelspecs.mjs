// The kernels that are measured side by side: their kernelspecs, in a folder of their own.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { kernelspec } from "../bin/setup/kernelspec.mjs";
import { root, venvProgram } from "../bin/setup/paths.mjs";
import { run, runNpm } from "../bin/setup/process.mjs";

/** Deno's kernel comes as an npm package; it is no dependency of the project. */
const denoVersion = "2.9.6";

/** @returns {Promise<Record<string, { language: string, version: string }>>} what is there, by the kernelspec's name */
export async function writeKernelspecs(jupyterPath, cache) {
  const node = `Node ${process.versions.node}`;
  const ours = kernelspec();
  const kernels = {
    latentlab: { spec: ours, version: `checked before it runs, ${node}` },
    "latentlab-warn": {
      spec: { ...ours, env: { LATENTLAB_TYPECHECK: "warn" } },
      version: `checked beside, ${node}`,
    },
    tslab: {
      spec: {
        argv: [
          process.execPath,
          join(root, "node_modules/tslab/bin/tslab"),
          "kernel",
          "--config-path",
          "{connection_file}",
        ],
        language: "typescript",
        display_name: "tslab",
      },
      version: `1.0.22, ${node}`,
    },
    deno: await denoKernel(cache),
    ipykernel: {
      spec: {
        argv: [venvProgram("python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        language: "python",
        display_name: "Python",
      },
      version: (
        await run(venvProgram("python"), ["-c", "import ipykernel; print(ipykernel.__version__)"])
      ).trim(),
    },
  };
  const present = Object.entries(kernels).filter(([, kernel]) => kernel !== undefined);
  for (const [name, { spec }] of present) {
    const folder = join(jupyterPath, "kernels", name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "kernel.json"), JSON.stringify(spec));
  }
  return Object.fromEntries(
    present.map(([name, { spec, version }]) => [name, { language: spec.language, version }]),
  );
}

async function denoKernel(cache) {
  const program = join(cache, "node_modules/.bin/deno");
  try {
    if (!existsSync(program)) {
      mkdirSync(cache, { recursive: true });
      await runNpm([
        "install",
        "--prefix",
        cache,
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        `deno@${denoVersion}`,
      ]);
    }
    await run(program, ["--version"]);
  } catch (error) {
    console.log(`deno ${denoVersion} is not to be had here, and left out: ${error.message.split("\n")[0]}`);
    return undefined;
  }
  return {
    spec: {
      argv: [program, "jupyter", "--kernel", "--conn", "{connection_file}"],
      language: "typescript",
      display_name: "Deno",
    },
    version: denoVersion,
  };
}
