/** The pack is built, carried to an empty folder, and run there by a Python with torch, on a PATH without Node. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Report } from "../../../lib/bench/report.js";
import { root, venvProgram } from "../../bin/setup/paths.mjs";
import { run } from "../../bin/setup/process.mjs";

const python = process.env.LATENTLAB_PYTHON_TORCH ?? venvProgram("python");
const folder = mkdtempSync(path.join(tmpdir(), "latentlab-pack-test-"));
const pack = path.join(folder, "latentlab-headless.pyz");
const programs = path.join(folder, "bin");
const env: NodeJS.ProcessEnv = { PATH: programs, HOME: folder, TMPDIR: folder };
const timeoutMs = 300_000;

beforeAll(async () => {
  await run(process.execPath, [path.join(root, "kernel-ext/bin/pack.mjs"), "--headless", "--out", pack]);
  mkdirSync(programs);
  for (const name of ["g++", "as", "ld"]) {
    const program = (await run("sh", ["-c", `command -v ${name}`])).trim();
    symlinkSync(program, path.join(programs, name));
  }
}, timeoutMs);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("is small enough to be carried", () => {
  expect(statSync(pack).size).toBeLessThan(60e6);
});

it(
  "measures, with PyTorch's losses",
  async () => {
    const out = path.join(folder, "engines.json");
    const args = [
      "--model",
      "D-small",
      "--engine",
      "torch,wasm",
      "--device",
      "cpu",
      "--rounds",
      "2",
      "--round-ms",
      "20",
    ];
    const printed = await run(python, [pack, "bench", "engines", ...args, "--out", out], {
      cwd: folder,
      env,
    });
    expect(printed).toMatch(/^torch 2\.\d+/m);
    const report: Report = JSON.parse(readFileSync(out, "utf8"));
    const [result] = report.results;
    const [torch, wasm, pytorch] = result?.contenders ?? [];
    expect([torch?.name, wasm?.name, pytorch?.name]).toEqual(["torch", "wasm", "pytorch"]);
    expect(torch?.rounds?.length).toBe(2);
    expect(pytorch?.losses?.length).toBe(5);
    expect(torch?.lossDifference).toBeLessThan(1e-4);
    expect(wasm?.error).toContain("not part of the headless pack");
  },
  timeoutMs,
);

it(
  "runs a script that imports the library by its name",
  async () => {
    const script = path.join(folder, "script.mjs");
    writeFileSync(
      script,
      `import { engine } from "latentlab";
import * as tf from "@tensorflow/tfjs-core";
const { name } = await engine.use("torch", { device: "cpu" });
console.log(name, process.argv[2], Array.from(tf.add([1, 2], 3).dataSync()).join());`,
    );
    const printed = await run(python, [pack, "run", script, "argument"], { cwd: folder, env });
    expect(printed.trim().split("\n").at(-1)).toBe("torch argument 4,5");
  },
  timeoutMs,
);

it("refuses to be run without a command, and says how it is used", async () => {
  await expect(run(python, [pack], { cwd: folder, env })).rejects.toThrow("bench engines");
});
