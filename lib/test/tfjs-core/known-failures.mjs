import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";

const fileOf = (engineName) => path.join(import.meta.dirname, "known-failures", `${engineName}.json`);

/**
 * The tests that fail on an engine, and why.
 *
 * @param {string} engineName
 * @returns {Promise<Record<string, string>>} reasons by the tests' names
 */
export async function readKnownFailures(engineName) {
  return JSON.parse(await readFile(fileOf(engineName), "utf8").catch(() => "{}"));
}

/**
 * @param {Record<string, string>} known
 * @param {import("./run.mjs").Result[]} results
 * @returns {{ broken: string[], repaired: string[] }} tests that fail and are not listed, and those that are and do not
 */
export function compareWithKnown(known, results) {
  const failures = new Map(results.flatMap(({ name, failure }) => (failure ? [[name, failure]] : [])));
  return {
    broken: [...failures].filter(([name]) => !(name in known)).map(([name, why]) => `${name}: ${why}`),
    repaired: Object.keys(known).filter((name) => !failures.has(name)),
  };
}

/** Lists what fails now; reasons that are listed stay, new ones are the tests' own messages. */
export async function writeKnownFailures(engineName, results) {
  const known = await readKnownFailures(engineName);
  const failed = results.filter(({ failure }) => failure);
  const list = Object.fromEntries(failed.map(({ name, failure }) => [name, known[name] ?? failure]));
  await writeFile(fileOf(engineName), `${JSON.stringify(list, null, 2)}\n`);
}
