/** The conformance suite, which runs for any kernel (see conformance.py), for this one. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { run } from "../../bin/setup/process.mjs";
import { findPython, writeKernelspec } from "../kernel-client.js";

/** Verdict and reason by the test's name. */
type Outcomes = Record<string, [verdict: "PASS" | "FAIL" | "ERROR" | "SKIP", reason: string]>;

const folder = mkdtempSync(join(tmpdir(), "latentlab-conformance-"));
const jupyterPath = writeKernelspec();
const env = { ...process.env, JUPYTER_PATH: jupyterPath, PYTHONDONTWRITEBYTECODE: "1" };
const program = join(import.meta.dirname, "conformance.py");
const names = execFileSync(findPython(), [program, "latentlab", "--list"], { env, encoding: "utf8" })
  .trim()
  .split("\n");
let outcomes: Outcomes;

async function runSuite(...options: string[]): Promise<Outcomes> {
  const file = join(folder, `${options.join("-").replaceAll("/", "-")}.json`);
  const args = [program, "latentlab", "--cwd", import.meta.dirname, "--out", file, ...options];
  // Its status says no more than the file, unless there is none.
  const failure = await run(findPython(), args, { env }).catch((error: Error) => error);
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    throw failure;
  }
}

beforeAll(async () => {
  // Most of their time tests wait.
  const shares = await Promise.all(["1/2", "2/2"].map((share) => runSuite("--share", share)));
  outcomes = Object.assign({}, ...shares);
}, 240_000);

afterAll(() => {
  for (const made of [folder, jupyterPath]) rmSync(made, { recursive: true, force: true });
});

it("has all of upstream's tests and ours", () => {
  expect(names.filter((name) => /^(Upstream|Welcome)\./.test(name)).length).toBe(13);
  expect(names.length).toBe(48);
  expect(Object.keys(outcomes).sort()).toEqual([...names].sort());
});

// There is no test that cannot be run for this kernel: a skip is a failure, too.
it.each(names)("passes %s", async (name) => {
  const outcome = outcomes[name] ?? (await runSuite("--only", name))[name];
  // Should this be tried again, then the test itself is.
  delete outcomes[name];
  expect(outcome).toEqual(["PASS", ""]);
});
