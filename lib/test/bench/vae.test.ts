import { execFile } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleBenchmarks } from "../../bench/bundle.mjs";
import { temporaryFolder } from "../../bench/exchange.js";
import { relativeDifference, toVaeRemarks, toVaeTable, type VaeReport } from "../../bench/vae-report.js";
import { hasGpu } from "../engine/torch/support.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));

describe("npm run bench -- vae", () => {
  const { folder, remove } = temporaryFolder();
  // Among the sources: packages and reference programs are looked for from there.
  const program = path.join(root, "lib", "bench", "dist", `bench-test-${process.pid}.mjs`);

  beforeAll(() => bundleBenchmarks(program));
  afterAll(() => {
    remove();
    rmSync(program, { force: true });
  });

  it("measures the engines, and says so where there is no diffusers", async () => {
    const out = path.join(folder, "report.json");
    const options =
      "--model small --size 16 --batch 2 --device cpu --engine torch,wasm --rounds 2 --round-ms 1 --threads 1";
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [program, "vae", ...options.split(" "), "--python", process.execPath, "--out", out],
      { cwd: root },
    );
    expect(stdout).toContain("diffusers: not here");
    const report: VaeReport = JSON.parse(readFileSync(out, "utf8"));
    expect(report.command).toBe(`npm run bench -- vae ${options}`);
    expect(report.results[0]?.contenders.map(({ name, error }) => [name, error])).toEqual([
      ["torch", undefined],
      ["wasm", undefined],
    ]);
    for (const { times, captured } of report.results[0]?.contenders ?? []) {
      expect(captured).toBe(false);
      for (const direction of [times?.encode, times?.decode]) {
        expect(direction?.rounds).toHaveLength(2);
        expect(direction?.ms).toBeGreaterThan(0);
      }
    }
    expect(stdout).toContain(toVaeTable(report));
  });

  it.runIf(hasGpu)("says which calls replay a graph, as they do from the third on", async () => {
    const out = path.join(folder, "captured.json");
    const options = "--model small --size 16 --device cuda --rounds 2 --round-ms 1 --out".split(" ");
    const python = ["--python", process.execPath]; // no diffusers: ours alone
    await promisify(execFile)(process.execPath, [program, "vae", ...options, out, ...python], { cwd: root });
    const report: VaeReport = JSON.parse(readFileSync(out, "utf8"));
    const states = report.results[0]?.contenders.map(({ mode, captured }) => [mode, captured]);
    expect(states).toEqual([
      ["plain", false],
      ["compiled", true],
    ]);
  });

  it.each([
    [["--model", "sd9"], 'There is no model "sd9"'],
    [["--precision", "tf32,bfloat16"], "not in bfloat16"],
  ])("refuses %j", async (options, message) => {
    const run = promisify(execFile)(process.execPath, [program, "vae", ...options]);
    await expect(run).rejects.toThrow(message);
  });
});

describe("its table", () => {
  const times = (encode: number, decode: number) => ({
    encode: { ms: encode, rounds: [encode], callsPerRound: 1 },
    decode: { ms: decode, rounds: [decode], callsPerRound: 1 },
  });
  const report: VaeReport = {
    benchmark: "vae",
    date: "2026-01-01T00:00:00.000Z",
    command: "npm run bench -- vae",
    hardware: { cpu: "a CPU", threads: 2, memoryBytes: 1, gpu: undefined },
    versions: {},
    results: [
      {
        ...{ model: "sd1", parameters: 1, size: 512, batch: 2, device: "cuda", precision: "tf32" },
        contenders: [
          {
            ...{ name: "torch", mode: "compiled", captured: true, times: times(10, 300) },
            difference: { encode: 2e-6, decode: 3e-6 },
          },
          { name: "tensorflow", mode: "plain", error: "it is not set up" },
          { name: "diffusers", mode: "eager", times: times(20, 200) },
        ],
      },
    ],
  };
  const rows = toVaeTable(report)
    .split("\n")
    .slice(2)
    .map((row) => row.split("|").map((cell) => cell.trim()));

  it("has times, pictures a second, and ratios to diffusers", () => {
    expect(rows[0]?.slice(2, 6)).toEqual(["2 of 512 x 512", "cuda", "tf32", "torch, captured"]);
    expect(rows[0]?.slice(6, 12)).toEqual(["10.0", "200", "0.50", "300", "6.67", "1.50"]);
    expect(rows[0]?.[12]).toBe("2e-6, 3e-6");
    expect(rows[2]?.slice(5, 13)).toEqual(["diffusers", "20.0", "100", "", "200", "10.0", "", ""]);
  });

  it("says what could not be measured", () => {
    expect(rows[1]?.[6]).toBe("not here");
    expect(toVaeRemarks(report)).toEqual(["sd1 tf32, tensorflow plain: it is not set up"]);
  });
});

it("compares numbers by the largest of them", () => {
  expect(relativeDifference([1, -4.004], [1, -4])).toBeCloseTo(1e-3);
  expect(relativeDifference([1], [1, 2])).toBeNaN();
  expect(relativeDifference([Number.NaN], [1])).toBeNaN();
});
