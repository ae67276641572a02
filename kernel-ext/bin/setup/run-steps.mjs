// The step runner: a step runs when what it depends on has changed, says how long it took, and says how to mend a failure.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stateFolder } from "./paths.mjs";
import { CommandError, SetupError } from "./process.mjs";

/**
 * @typedef {object} Step
 * @property {string} id file name of its stamp and log
 * @property {string} title
 * @property {() => string[] | Promise<string[]>} inputs texts that the result depends on
 * @property {() => boolean} isThere whether the result of an earlier run is still there
 * @property {(context: { logFile: string, log: (line: string) => void }) => Promise<string | undefined>} work
 *   may return a remark for the reader
 * @property {string} fix what to do when it fails and nothing better is known
 */

/** Runs the steps in order. Throws `SetupError` at the first that fails. @param {Step[]} steps */
export async function runSteps(steps) {
  for (const step of steps) await runStep(step);
}

/** Whether a step's result is there and made of today's inputs. @param {Step} step */
export async function isUpToDate(step) {
  return step.isThere() && readStamp(step) === (await fingerprint(step));
}

async function runStep(step) {
  if (await isUpToDate(step)) return report("✓", step.title, "up to date");
  report("…", step.title, "");
  const started = performance.now();
  // Without its stamp an interrupted step runs again.
  rmSync(stampFile(step), { force: true });
  const logFile = join(stateFolder, `${step.id}.log`);
  rmSync(logFile, { force: true });
  let remark;
  try {
    remark = await step.work({ logFile, log: (line) => report("…", step.title, line) });
  } catch (error) {
    throw explain(error, step, logFile);
  }
  mkdirSync(stateFolder, { recursive: true });
  // Work may change the inputs (npm ci writes node_modules), so the stamp is taken after it.
  writeFileSync(stampFile(step), await fingerprint(step));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  report("✓", step.title, `${remark ? `${remark}, ` : ""}${seconds} s`);
}

function explain(error, step, logFile) {
  if (error instanceof SetupError) return error;
  const details = error instanceof CommandError ? `\n${error.tail}\nThe whole log: ${logFile}` : "";
  return new SetupError(`${step.title} failed: ${error.message.split("\n")[0]}${details}`, {
    fix: step.fix,
    cause: error,
  });
}

const stampFile = (step) => join(stateFolder, `${step.id}.stamp`);

function readStamp(step) {
  try {
    return readFileSync(stampFile(step), "utf8");
  } catch {
    return undefined;
  }
}

async function fingerprint(step) {
  const hash = createHash("sha256");
  for (const text of await step.inputs()) hash.update(text).update("\0");
  return hash.digest("hex");
}

function report(sign, title, remark) {
  console.log(`  ${sign} ${title.padEnd(26)} ${remark}`.trimEnd());
}

/** Runs a command's main function; a `SetupError` becomes two sentences and exit status 1. */
export async function runCommand(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`\n${error.message}\n\nFix: ${error.fix}`);
    process.exitCode = 1;
  }
}
