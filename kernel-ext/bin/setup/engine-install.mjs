// What the set-ups of the native engines share: each builds a folder below .engines, and puts it in place as a whole.
// Plain Node built-ins only: this runs before, or without, `npm ci`.
import fs from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { run, runNpm, SetupError } from "./process.mjs";

/** Node's own C headers; those of a system's Node may be of another version. */
export const nodeHeaders = { name: "node-api-headers", version: "1.9.0" };

/**
 * Builds `<root>/.engines/<name>`; does nothing when it is there already. Whatever happens, nothing half-done stays.
 *
 * @param {object} options
 * @param {string} options.root the checkout
 * @param {string} options.name
 * @param {string} options.stamp what the folder is made of: another text has it made again
 * @param {() => Promise<void>} options.check throws where this machine cannot have the engine
 * @param {(partial: string) => Promise<void>} options.build fills the folder
 */
export async function installEngine({ root, name, stamp, check, build }) {
  const engines = path.join(root, ".engines");
  const destination = path.join(engines, name);
  const partial = path.join(engines, `${name}.partial-${process.pid}`);
  try {
    await removeLeftovers(engines, name);
    if (await isInstalled(destination, stamp)) return;
    await check();
    await fs.mkdir(partial, { recursive: true });
    await build(partial);
    await fs.writeFile(path.join(partial, "stamp.json"), stamp);
    await replaceFolder(partial, destination, path.join(engines, `${name}.old-${process.pid}`));
  } finally {
    await fs.rm(partial, { recursive: true, force: true });
  }
}

/** The stamp is written last, into a folder that is renamed as a whole: a matching stamp means a complete engine. */
async function isInstalled(destination, stamp) {
  const found = await fs.readFile(path.join(destination, "stamp.json"), "utf8").catch(() => undefined);
  return found === stamp;
}

/** Folders of set-ups that were killed before they could clean up after themselves. */
async function removeLeftovers(engines, engine) {
  const names = await fs.readdir(engines).catch(() => []);
  for (const name of names) {
    const [, owned, owner] = /^(.+)\.(?:partial|old)-(\d+)$/.exec(name) ?? [];
    if (owned === engine && !isRunning(Number(owner))) {
      await fs.rm(path.join(engines, name), { recursive: true, force: true });
    }
  }
}

function isRunning(processId) {
  if (processId === process.pid) return false; // a number used again: nothing of ours is there yet
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

async function replaceFolder(source, destination, old) {
  try {
    await fs.rename(destination, old);
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
  await fs.rename(source, destination);
  await fs.rm(old, { recursive: true, force: true });
}

/** @param {string} what is to be compiled @param {string} again the command for a second try */
export async function checkCompiler(what, again) {
  try {
    await run("g++", ["--version"]);
  } catch {
    throw new SetupError(`There is no C++ compiler (g++) to build ${what} with.`, {
      fix: `"sudo apt install g++" (Fedora: "sudo dnf install gcc-c++"), then ${again}`,
    });
  }
}

/** @param {string} folder @param {number} neededBytes @param {string} again the command for a second try */
export async function checkFreeSpace(folder, neededBytes, again) {
  const { bavail, bsize } = await fs.statfs(folder);
  if (bavail * bsize < neededBytes) {
    throw new SetupError(
      `The disk of ${folder} has ${Math.round((bavail * bsize) / 1e6)} MB free; the engine needs ${neededBytes / 1e6} MB while it installs.`,
      { fix: `make room on that disk, then ${again}` },
    );
  }
}

/**
 * Unpacks a package of npm's into `target`. `npm pack` and not `npm install`: no install script, and nothing is added
 * to the project's own packages.
 *
 * @param {{ name: string, version: string }} wanted @param {string} target
 * @param {{ python: string, logFile?: string, again: string }} options
 */
export async function unpackNpmPackage({ name, version }, target, { python, logFile, again }) {
  const scratch = `${target}.scratch`;
  await fs.mkdir(scratch, { recursive: true });
  const fix = `check the network settings of npm ("npm ping"), then ${again}`;
  await runStep(
    "npm",
    ["pack", "--silent", "--ignore-scripts", "--pack-destination", scratch, `${name}@${version}`],
    { failure: `Could not download ${name} ${version} from the npm registry`, fix, logFile },
  );
  const [archive] = await fs.readdir(scratch);
  const unpack = `
import sys, tarfile
with tarfile.open(sys.argv[1]) as archive:
    archive.extractall(sys.argv[2])
`;
  await runStep(python, ["-c", unpack, path.join(scratch, archive), scratch], {
    failure: `Could not unpack ${archive}`,
    fix,
    logFile,
  });
  await fs.rename(path.join(scratch, "package"), target);
  await fs.rm(scratch, { recursive: true });
}

/**
 * Runs a program; where it fails, `failure` says what that means.
 *
 * @param {string} program @param {string[]} args
 * @param {{ failure: string, fix: string, logFile?: string }} options
 */
export async function runStep(program, args, { failure, fix, logFile }) {
  try {
    return await (program === "npm" ? runNpm(args, { logFile }) : run(program, args, { logFile }));
  } catch (cause) {
    const lines = cause.tail?.split("\n") ?? [];
    const errors = lines.filter((line) => /\berror\b/i.test(line)).slice(-3);
    const details = (errors.length > 0 ? errors : lines.slice(-5)).join("\n") || cause.message;
    const full = /No space left on device|\[Errno 28\]|ENOSPC/.test(cause.tail ?? "");
    throw new SetupError(`${failure}: ${details}`, {
      fix: full ? "make room on the disk, then run the command again." : fix,
      cause,
    });
  }
}
