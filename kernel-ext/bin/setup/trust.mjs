// JupyterLab shows widgets and other live outputs of a notebook only where it trusts the notebook. Those of this checkout
// run on the reader's machine anyway, so they are signed, in a database inside the virtual environment.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root, venv, venvProgram } from "./paths.mjs";
import { run } from "./process.mjs";

const folder = join(root, "notebooks");
const database = join(venv, "share", "jupyter", "nbsignatures.db");
const secret = join(venv, "share", "jupyter", "notebook_secret");

/** The options by which Jupyter's programs use these signatures, and the secret behind them, instead of the user's own. */
export const notaryOptions = [
  `--NotebookNotary.db_file=${database}`,
  `--NotebookNotary.secret_file=${secret}`,
];

const notebooks = () =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".ipynb"))
    .map((name) => join(folder, name));

/** @type {import("./run-steps.mjs").Step} */
export const trustStep = {
  id: "trust",
  title: "trusted notebooks",
  inputs: () => notebooks().map((file) => readFileSync(file, "utf8")),
  isThere: () => existsSync(database) && existsSync(secret),
  fix: 'remove the folder .venv and run "npm run setup".',
  async work({ logFile }) {
    await run(venvProgram("jupyter"), ["trust", ...notaryOptions, ...notebooks()], { logFile });
    return `${notebooks().length} signed`;
  },
};
