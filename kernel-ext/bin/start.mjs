#!/usr/bin/env node
// npm start [-- --no-browser --port N]: sets up what has changed, then opens JupyterLab on the first notebook.
import "./setup/check-node.mjs";
import { relative } from "node:path";
import { parseArgs } from "node:util";
import { firstNotebook, root, venvProgram, workspacesFolder } from "./setup/paths.mjs";
import { runInForeground, SetupError } from "./setup/process.mjs";
import { runCommand, runSteps } from "./setup/run-steps.mjs";
import { allSteps } from "./setup/steps.mjs";
import { notaryOptions } from "./setup/trust.mjs";

const usage = `npm start [-- OPTIONS]
  --no-browser   start the server only and print its address
  --port N       listen on port N (default: 8888, or the next free one)
  --ip ADDRESS   listen on this address (default: localhost)`;

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        "no-browser": { type: "boolean", default: false },
        port: { type: "string" },
        ip: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
    if (values.port !== undefined && !(/^\d{1,5}$/.test(values.port) && Number(values.port) < 65_536))
      throw new Error(`"${values.port}" is no port number`);
    return values;
  } catch (error) {
    throw new SetupError(`${error.message}.`, { fix: `use one of these:\n${usage}` });
  }
}

await runCommand(async () => {
  const options = readOptions();
  if (options.help) {
    console.log(usage);
    return 0;
  }
  console.log("latentlab: set-up");
  await runSteps(allSteps());
  console.log("latentlab: JupyterLab (stop it with Ctrl-C)\n");
  return runInForeground(venvProgram("jupyter"), [
    "lab",
    // Not as an argument: the address that is printed leads to the notebook, too.
    `--LabApp.default_url=/lab/tree/${relative(root, firstNotebook)}`,
    `--ServerApp.root_dir=${root}`,
    `--LabApp.workspaces_dir=${workspacesFolder}`,
    ...notaryOptions,
    // One Ctrl-C ends it, without a question that is easily missed between log lines.
    "--JupyterApp.answer_yes=True",
    ...(options["no-browser"] ? ["--no-browser"] : []),
    ...(options.port ? [`--ServerApp.port=${options.port}`, "--ServerApp.port_retries=0"] : []),
    ...(options.ip ? [`--ServerApp.ip=${options.ip}`] : []),
    // Containers run as root; Jupyter refuses that unless told.
    ...(process.getuid?.() === 0 ? ["--allow-root"] : []),
  ]);
});
