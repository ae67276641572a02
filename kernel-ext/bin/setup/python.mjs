// The virtual environment with JupyterLab and the two front-end extensions that widgets need.
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { venv, venvProgram } from "./paths.mjs";
import { run, SetupError } from "./process.mjs";

export const requirementsFile = fileURLToPath(new URL("requirements.txt", import.meta.url));

// anywidget's wheel brings the labextension; what it depends on serves Python kernels only.
const anywidget = "anywidget==0.11.0";

/** Makes papermill's parameters TypeScript. */
const papermill = fileURLToPath(new URL("../../papermill", import.meta.url));

const papermillFiles = () =>
  ["pyproject.toml", "latentlab_papermill.py"].map((name) => readFileSync(join(papermill, name), "utf8"));

const candidates = ["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python"];

/** The first Python >= 3.10 on the PATH that can make virtual environments; `LATENTLAB_PYTHON` overrides. */
export async function findPython() {
  const named = process.env.LATENTLAB_PYTHON;
  const seen = [];
  for (const program of named ? [named] : candidates) {
    const found = await inspectPython(program);
    if (found?.usable) return found;
    if (found) seen.push(found);
  }
  throw explainMissing(seen, named);
}

async function inspectPython(program) {
  const script = `import sys, importlib.util as u
print(sys.executable); print("%d.%d.%d" % sys.version_info[:3]); print(all(u.find_spec(m) for m in ("venv", "ensurepip")))`;
  try {
    const [path, version, hasVenv] = (await run(program, ["-c", script])).trim().split("\n");
    const recent = version.split(".").map(Number)[1] >= 10;
    return { path, version, recent, usable: recent && hasVenv.trim() === "True" };
  } catch {
    return undefined;
  }
}

function explainMissing(seen, named) {
  const recent = seen.find((python) => python.recent);
  if (recent) {
    return new SetupError(`Python ${recent.version} is here (${recent.path}), but its venv module is not.`, {
      fix: 'on Debian or Ubuntu: "sudo apt install python3-venv", then run the command again.',
    });
  }
  const found = seen.map((python) => `${python.path} is ${python.version}`).join(", ");
  return new SetupError(
    `No Python 3.10 or newer was found${named ? ` at ${named}` : ""}${found ? ` (${found})` : ""}.`,
    {
      fix: "install Python 3.10 or newer (https://www.python.org, or your package manager), or name one in LATENTLAB_PYTHON.",
    },
  );
}

/** @type {import("./run-steps.mjs").Step} */
export const pythonStep = {
  id: "python",
  title: "Python environment",
  inputs: () => [readFileSync(requirementsFile, "utf8"), anywidget, ...papermillFiles(), venv],
  isThere: () => existsSync(venvProgram("jupyter")),
  fix: 'check the network or proxy settings of pip, then run "npm run setup" again.',
  async work({ logFile, log }) {
    const python = await findPython();
    log(`JupyterLab into .venv, with Python ${python.version}`);
    rmSync(venv, { recursive: true, force: true });
    await run(python.path, ["-m", "venv", venv], { logFile });
    const pip = (...args) =>
      run(venvProgram("python"), ["-m", "pip", "install", "--disable-pip-version-check", ...args], {
        logFile,
      });
    await pip("-r", requirementsFile);
    await pip("--no-deps", anywidget);
    await pip("--no-deps", papermill);
    return `Python ${python.version}`;
  },
};

export const labextensions = join(venv, "share", "jupyter", "labextensions");
