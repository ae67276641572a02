import { expect, it } from "vitest";
import { largestDifference } from "../../bench/report.js";
import { describeOnEveryEngine } from "../engines.js";
import { cases, lossTolerance, trainingLosses } from "./cases.js";
import { readFixture } from "./fixtures.js";

describeOnEveryEngine("PyTorch's losses", () => {
  it.each(cases)("of $name come out for 20 steps", (example) => {
    const { losses } = readFixture(example);
    expect(losses.length).toBe(20);
    expect(largestDifference(trainingLosses(example), losses)).toBeLessThan(lossTolerance);
  });
});
