// What `npm run doctor` looks at, in the order in which things depend on each other.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installedKernelspec, kernelName, kernelspec } from "./kernelspec.mjs";
import { buildStep, packagesStep } from "./packages.mjs";
import { findChromium, venvProgram } from "./paths.mjs";
import { run } from "./process.mjs";
import { labextensions, pythonStep, requirementsFile } from "./python.mjs";
import { isUpToDate } from "./run-steps.mjs";
import { tensorflowGpuStep } from "./steps.mjs";

export const setupFix = 'run "npm run setup".';

/**
 * @typedef {object} Finding
 * @property {boolean} ok
 * @property {string} detail
 * @property {string} [fix]
 */

/** A check on which only tests or speed depend: when it fails, the doctor says so and still ends with 0. */
const optional = true;

/** The engine says so itself, but only where TensorFlow finds a GPU at that moment. */
const tensorflowGpu = {
  title: tensorflowGpuStep.title,
  look: () => ({ ok: true, detail: "set up; untested on a GPU" }),
};

/** @type {{ title: string, optional?: boolean, look: () => Promise<Finding> | Finding }[]} */
export const checks = [
  { title: "Node", look: () => ({ ok: true, detail: process.versions.node }) },
  { title: "npm packages", look: () => checkStep(packagesStep) },
  { title: "build", look: () => checkStep(buildStep) },
  { title: "Python environment", look: checkPython },
  { title: "JupyterLab extensions", look: checkExtensions },
  { title: "kernel in JupyterLab", look: checkKernelspec },
  { title: "kernel answers", look: checkKernelAnswers },
  { title: "wasm engine", look: () => checkEngine("wasm") },
  { title: "tensorflow engine", optional, look: () => checkEngine("tensorflow") },
  ...(tensorflowGpuStep.isThere() ? [tensorflowGpu] : []),
  { title: "torch engine", optional, look: () => checkEngine("torch") },
  { title: "browser for the tests", optional, look: checkBrowser },
];

async function checkStep(step) {
  return (await isUpToDate(step))
    ? { ok: true, detail: "up to date" }
    : { ok: false, detail: step.isThere() ? "older than its sources" : "missing", fix: setupFix };
}

async function checkPython() {
  const stale = await checkStep(pythonStep);
  if (!stale.ok) return stale;
  const wanted = readFileSync(requirementsFile, "utf8").trim().split("\n");
  const installed = await run(venvProgram("python"), ["-m", "pip", "freeze"]);
  const normalise = (line) => line.trim().toLowerCase().replaceAll("_", "-");
  const present = new Set(installed.split("\n").map(normalise));
  const missing = wanted.filter((line) => !present.has(normalise(line)));
  return missing.length === 0
    ? { ok: true, detail: wanted[0] }
    : {
        ok: false,
        detail: `not there: ${missing.join(", ")}`,
        fix: 'remove the folder .venv and run "npm run setup".',
      };
}

function checkExtensions() {
  if (!pythonStep.isThere()) return { ok: false, detail: "no Python environment", fix: setupFix };
  const missing = ["anywidget", "@jupyter-widgets/jupyterlab-manager"].filter(
    (name) => !existsSync(join(labextensions, name, "package.json")),
  );
  return missing.length === 0
    ? { ok: true, detail: "widgets will be drawn" }
    : {
        ok: false,
        detail: `not there: ${missing.join(", ")}`,
        fix: 'remove the folder .venv and run "npm run setup".',
      };
}

function checkKernelspec() {
  const same = JSON.stringify(installedKernelspec()) === JSON.stringify(kernelspec());
  return same
    ? { ok: true, detail: kernelspec().display_name }
    : { ok: false, detail: "missing, or made for another Node or another folder", fix: setupFix };
}

async function checkKernelAnswers() {
  const script = fileURLToPath(new URL("ask-kernel.py", import.meta.url));
  const answer = (await run(venvProgram("python"), [script, kernelName, "6 * 7"])).trim();
  return { ok: answer === "42", detail: `6 * 7 = ${answer}`, fix: setupFix };
}

/** Starts the engine in a process of its own: a native library that fails takes nothing else with it. */
async function checkEngine(name) {
  const program = `const { engine } = await import("latentlab");
const finding = await engine.use(${JSON.stringify(name)}).then(
  ({ version, device }) => ({ ok: true, detail: version + " on " + device }),
  ({ message, fix }) => ({ ok: false, detail: message.split(". ")[0], fix }),
);
console.log(JSON.stringify(finding));`;
  const printed = await run(process.execPath, ["--input-type=module", "--eval", program]);
  const finding = JSON.parse(printed.trim().split("\n").at(-1));
  return { ...finding, fix: finding.fix ? `run "${finding.fix}".` : setupFix };
}

function checkBrowser() {
  const browser = findChromium();
  return browser
    ? { ok: true, detail: browser }
    : {
        ok: false,
        detail: "no Chromium or Chrome",
        fix: '"sudo apt install chromium", or name one in CHROMIUM.',
      };
}
