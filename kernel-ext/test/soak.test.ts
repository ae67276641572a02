/** A long notebook in one kernel; `npm run bench -- soak` shows the same at leisure. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { run } from "../bin/setup/process.mjs";
import { findPython, writeKernelspec } from "./kernel-client.js";

const program = fileURLToPath(new URL("../bench/soak.py", import.meta.url));
// TensorFlow.js is found from there.
const cwd = fileURLToPath(new URL("../../notebooks", import.meta.url));

it("runs 5,000 cells in memory that stays flat", async () => {
  const folder = mkdtempSync(join(tmpdir(), "latentlab-soak-"));
  const jupyterPath = writeKernelspec();
  try {
    const out = join(folder, "soak.json");
    const env = { ...process.env, JUPYTER_PATH: jupyterPath, PYTHONDONTWRITEBYTECODE: "1" };
    await run(findPython(), [program, "latentlab", "--cells", "5000", "--out", out], { cwd, env });
    const { cells, unexpected, samples, heapKilobytesPerCell, kilobytesPerCell } = JSON.parse(
      readFileSync(out, "utf8"),
    );
    console.log(`${kilobytesPerCell.toFixed(1)} kB a cell, ${heapKilobytesPerCell.toFixed(1)} of it heap`);
    expect([cells, unexpected, samples.length]).toEqual([5000, [], 100]);
    // A cell's source and its source map stay, for errors in functions that it declares.
    expect(heapKilobytesPerCell).toBeLessThan(5);
    // With what garbage collections leave to the heaps of two compilers.
    expect(kilobytesPerCell).toBeLessThan(60);
  } finally {
    for (const made of [folder, jupyterPath]) rmSync(made, { recursive: true, force: true });
  }
}, 600_000);
