// Child processes for set-up: quiet while they work, talkative when they fail.
import { spawn } from "node:child_process";
import { createWriteStream, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { root } from "./paths.mjs";

/** A set-up step that could not be done: what is missing, and the command that mends it. */
export class SetupError extends Error {
  name = "SetupError";

  /** @param {string} message @param {{ fix: string, cause?: unknown }} details */
  constructor(message, { fix, cause }) {
    super(message, { cause });
    this.fix = fix;
  }
}

/** A program that ended with another status than 0. `tail` holds the last lines of what it printed. */
export class CommandError extends Error {
  name = "CommandError";

  constructor(command, status, tail) {
    super(`"${command}" ended with ${status}${tail ? `:\n${tail}` : ""}`);
    this.tail = tail;
  }
}

/**
 * Runs a program to its end. Its output is returned, and appended to `logFile`.
 * @param {string} program @param {string[]} args
 * @param {{ logFile?: string, env?: NodeJS.ProcessEnv, cwd?: string }} [options]
 * @returns {Promise<string>} what it printed on stdout
 */
export async function run(program, args, { logFile, env = process.env, cwd = root } = {}) {
  const log = logFile && openLog(logFile);
  const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  let everything = "";
  child.stdout.on("data", (chunk) => {
    printed += chunk;
    everything += chunk;
    log?.write(chunk);
  });
  child.stderr.on("data", (chunk) => {
    everything += chunk;
    log?.write(chunk);
  });
  const status = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code ?? signal));
  });
  log?.end();
  if (status !== 0) {
    const tail = everything.trimEnd().split("\n").slice(-15).join("\n");
    throw new CommandError([program, ...args].join(" "), status, tail);
  }
  return printed;
}

/** Runs a program that talks to the user itself (JupyterLab, the test runner); resolves to its exit status. */
export async function runInForeground(program, args, { env = process.env, cwd = root } = {}) {
  const child = spawn(program, args, { cwd, env, stdio: "inherit" });
  // The terminal sends Ctrl-C to the whole process group; a supervisor's SIGTERM reaches only us.
  const forward = (signal) => child.kill(signal);
  process.on("SIGTERM", forward);
  const ignore = () => {};
  process.on("SIGINT", ignore);
  try {
    return await new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => resolve(code ?? 1));
    });
  } finally {
    process.off("SIGTERM", forward);
    process.off("SIGINT", ignore);
  }
}

/** npm's own program file where npm started us (works on Windows too), else `npm` from the PATH. */
export const runNpm = (args, options) =>
  process.env.npm_execpath?.endsWith(".js")
    ? run(process.execPath, [process.env.npm_execpath, ...args], options)
    : run("npm", args, options);

function openLog(file) {
  mkdirSync(dirname(file), { recursive: true });
  return createWriteStream(file, { flags: "a" });
}
