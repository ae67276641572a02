import { describe, expect, it } from "vitest";
import { compareWithKnown, readKnownFailures } from "./known-failures.mjs";
import { engineNames, runTests } from "./run.mjs";

describe("TensorFlow.js's own tests", { timeout: 900_000 }, () => {
  it.each(engineNames)("pass on %s, but for those that are known not to", async (engineName) => {
    const { results } = await runTests(engineName);
    expect(results.length).toBeGreaterThan(4000);
    // Where this fails: repair what is broken, or `node lib/test/tfjs-core/report.mjs --update` and give the reasons.
    expect(compareWithKnown(await readKnownFailures(engineName), results)).toEqual({
      broken: [],
      repaired: [],
    });
  });
});
