import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { bundleTests } from "./bundle.mjs";

export const engineNames = ["torch", "tensorflow", "wasm"];

/** @typedef {{ name: string, usesEngine: boolean, failure?: string }} Result */
/** @typedef {{ details: { version: string, device: string }, results: Result[] }} Report */

/**
 * Runs TensorFlow.js's own tests of its operations on an engine, in a process of their own.
 *
 * @param {string} engineName
 * @param {string} [filter] runs only tests whose name contains it
 * @returns {Promise<Report>}
 */
export async function runTests(engineName, filter = "") {
  const folder = await mkdtemp(path.join(tmpdir(), "latentlab-tfjs-core-"));
  try {
    const file = path.join(folder, "results.json");
    const output = await runNode([await bundleTests(), engineName, file, filter]);
    const text = await readFile(file, "utf8").catch(() => {
      throw new Error(`The tests ended before their time:\n${output.slice(-4000)}`);
    });
    return JSON.parse(text);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** @returns {Promise<string>} what the process has printed */
function runNode(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
    }
    child.on("error", reject).on("close", () => resolve(output));
  });
}
