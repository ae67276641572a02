import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { stateFolder } from "../../bin/setup/paths.mjs";
import { run, SetupError } from "../../bin/setup/process.mjs";
import { isUpToDate, runSteps } from "../../bin/setup/run-steps.mjs";

const id = `test-step-${process.pid}`;
let result: string | undefined;
let input = "first";
let runs = 0;

const step = (work = async () => {}) => ({
  id,
  title: "a step of the tests",
  inputs: () => [input],
  isThere: () => result !== undefined,
  fix: "mend the test.",
  async work() {
    await work();
    runs += 1;
    result = "there";
    return undefined;
  },
});

beforeEach(() => {
  [result, input, runs] = [undefined, "first", 0];
  vi.spyOn(console, "log").mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
  for (const ending of ["stamp", "log"]) rmSync(join(stateFolder, `${id}.${ending}`), { force: true });
});

it("runs a step once, and again when its inputs change or its result is gone", async () => {
  await runSteps([step()]);
  await runSteps([step()]);
  expect(runs).toBe(1);
  input = "second";
  expect(await isUpToDate(step())).toBe(false);
  await runSteps([step()]);
  expect(runs).toBe(2);
  result = undefined;
  await runSteps([step()]);
  expect(runs).toBe(3);
});

it("does not believe a step that failed, and tells how to mend it", async () => {
  await runSteps([step()]);
  input = "second";
  const failing = step(async () => {
    await run(process.execPath, ["-e", "console.error('no room left'); process.exit(3)"]);
  });
  const error = await runSteps([failing]).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(SetupError);
  expect(error.message).toContain("a step of the tests failed");
  expect(error.message).toContain("no room left");
  expect(error.fix).toBe("mend the test.");
  input = "first";
  expect(await isUpToDate(step())).toBe(false);
});

it("stops at the first step that fails", async () => {
  const failing = step(async () => {
    throw new SetupError("It is not to be had.", { fix: "get it." });
  });
  await expect(runSteps([failing, step()])).rejects.toThrow("It is not to be had.");
  expect(runs).toBe(0);
});
