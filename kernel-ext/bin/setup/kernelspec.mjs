// The kernelspec and a few settings of JupyterLab, written into the virtual environment alone.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, venv } from "./paths.mjs";

export const kernelName = "latentlab";
const specFolder = join(venv, "share", "jupyter", "kernels", kernelName);
const settingsFolder = join(venv, "share", "jupyter", "lab", "settings");

/** The kernelspec for this checkout and, unless another is named, this Node. */
export const kernelspec = (node = process.execPath) => ({
  argv: [
    node,
    // `Runtime.terminateExecution` may stop a cell inside an async hook; Node would abort on the unbalanced stack.
    "--no-force-async-hooks-checks",
    // Local TypeScript files become modules of Node's `vm`, which it calls experimental.
    "--experimental-vm-modules",
    "--disable-warning=ExperimentalWarning",
    join(root, "kernel-ext", "dist", "main.js"),
    "{connection_file}",
  ],
  display_name: "TypeScript (latentlab)",
  language: "typescript",
  interrupt_mode: "message",
  metadata: { debugger: false },
});

const settings = {
  // What readers run and save keeps its widgets when it is opened again.
  "@jupyter-widgets/jupyterlab-manager:plugin": { saveState: true },
  // A newcomer's first page should be the notebook, not a question about newsletters.
  "@jupyterlab/apputils-extension:notification": { fetchNews: "false", checkForUpdates: false },
};

const logo = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" fill="#f6f6f6"/><g>${[
  ["#1e60a2", "#b1d2f2", "#eac6a9"],
  ["#72ace5", "#f6f6f6", "#d89664"],
  ["#eac6a9", "#bd692b", "#3e85cc"],
]
  .flatMap((row, y) =>
    row.map((fill, x) => `<rect x="${8 + 16 * x}" y="${8 + 16 * y}" width="16" height="16" fill="${fill}"/>`),
  )
  .join("")}</g></svg>`;

/** @type {import("./run-steps.mjs").Step} */
export const kernelspecStep = {
  id: "kernelspec",
  title: "kernel in JupyterLab",
  inputs: () => [JSON.stringify(kernelspec()), JSON.stringify(settings), logo],
  isThere: () => existsSync(join(specFolder, "kernel.json")),
  fix: 'remove the folder .venv and run "npm run setup".',
  async work() {
    mkdirSync(specFolder, { recursive: true });
    writeFileSync(join(specFolder, "kernel.json"), `${JSON.stringify(kernelspec(), null, 2)}\n`);
    writeFileSync(join(specFolder, "logo-svg.svg"), logo);
    mkdirSync(settingsFolder, { recursive: true });
    writeFileSync(join(settingsFolder, "overrides.json"), `${JSON.stringify(settings, null, 2)}\n`);
    return kernelspec().display_name;
  },
};

/** The kernelspec as it is installed, or undefined. */
export function installedKernelspec() {
  const file = join(specFolder, "kernel.json");
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}
