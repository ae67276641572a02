import { describe, expect, it } from "vitest";
import { largestDifference, median, type Report, toRemarks, toTable } from "../../bench/report.js";

const report: Report = {
  benchmark: "engines",
  date: "2026-01-01T00:00:00.000Z",
  command: "npm run bench -- engines",
  hardware: { cpu: "a CPU", threads: 2, memoryBytes: 1, gpu: "a GPU" },
  versions: {},
  results: [
    {
      model: "S",
      title: "conv VAE",
      parameters: 10,
      batch: 128,
      device: "cuda",
      precision: "tf32",
      contenders: [
        { name: "torch", mode: "plain", ms: 3, peakBytes: 2 ** 30, firstStepMs: 2500, lossDifference: 2e-6 },
        { name: "torch", mode: "compiled", captured: true, ms: 1 },
        { name: "tensorflow", mode: "plain", error: "it is not set up" },
        { name: "pytorch", mode: "eager", ms: 4, peakBytes: 2 ** 31 },
        { name: "pytorch", mode: "graph", ms: 2 },
        { name: "pytorch", mode: "compile", ms: 0.8 },
      ],
    },
  ],
};

describe("the benchmark's table", () => {
  const rows = toTable(report)
    .split("\n")
    .slice(2)
    .map((row) => row.split("|").map((cell) => cell.trim()));

  it("has a row for each way to step, with ratios to PyTorch's", () => {
    expect(rows.map((row) => row[4])).toEqual(["torch", "torch, captured", "tensorflow"]);
    expect(rows[0]?.slice(5, 12)).toEqual(["3.00", "4.00", "2.00", "0.800", "0.75", "1.50", "3.75"]);
    expect(rows[1]?.slice(9, 12)).toEqual(["0.25", "0.50", "1.25"]);
    expect(rows[0]?.slice(12, 15)).toEqual(["1.00 GiB, 2.00 GiB", "2.5 s", "2e-6"]);
  });

  it("says what could not be measured", () => {
    expect(rows[2]?.[5]).toBe("not here");
    expect(toRemarks(report)).toEqual(["S tf32, tensorflow plain: it is not set up"]);
  });
});

it("takes the median of an odd and of an even number of rounds", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
});

it("compares losses step by step", () => {
  expect(largestDifference([1, 2.002], [1, 2])).toBeCloseTo(1e-3);
  expect(largestDifference([1], [1, 2])).toBeNaN();
  expect(largestDifference([Number.NaN, 2], [1, 2])).toBeNaN();
});
