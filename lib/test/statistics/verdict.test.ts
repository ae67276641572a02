import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decideVerdict, hierarchicalBootstrap } from "../../src/statistics/index.js";

const smallestEffectOfInterest = 0.05;
const decide = (effects: number[], predicted: "increase" | "decrease" | "no-effect") =>
  decideVerdict({ effects, predicted, smallestEffectOfInterest }).verdict;

const large = [0.2, 0.22, 0.19, 0.21, 0.2];
const noisy = [0.3, -0.2, 0.25, -0.1, 0.2];
const nothing = [0.001, -0.002, 0.003, 0, -0.001];
const small = [0.011, 0.01, 0.012, 0.009, 0.01]; // different from 0 for certain, and too small to matter

describe("decideVerdict", () => {
  it.each([
    ["a large effect", large, "supported", "refuted", "refuted"],
    ["the opposite", large.map((x) => -x), "refuted", "supported", "refuted"],
    ["noise", noisy, "inconclusive", "inconclusive", "inconclusive"],
    ["no effect", nothing, "refuted", "refuted", "supported"],
    ["a small effect", small, "refuted", "refuted", "supported"],
  ] as const)("%s", (_name, effects, increase, decrease, noEffect) => {
    expect(decide([...effects], "increase")).toBe(increase);
    expect(decide([...effects], "decrease")).toBe(decrease);
    expect(decide([...effects], "no-effect")).toBe(noEffect);
  });

  it("stays open where an effect is certain, but not whether it is large enough", () => {
    const effects = [0.02, 0.07, 0.03, 0.06, 0.04]; // mean 0.044, interval 0.018 to 0.070
    expect(decide(effects, "increase")).toBe("inconclusive");
    expect(decide(effects, "no-effect")).toBe("inconclusive");
    expect(decideVerdict({ effects, predicted: "increase", smallestEffectOfInterest }).sentence).toMatch(
      /an increase is shown, but not that it is large enough/,
    );
  });

  it("needs large effects with three seeds", () => {
    expect(decide([0.1, 0.2, 0.3], "increase")).toBe("inconclusive"); // interval -0.05 to 0.45
    expect(decide([0.18, 0.2, 0.22], "increase")).toBe("supported");
  });

  it("goes by the interval that it is given", () => {
    const interval = { low: -0.01, high: 0.4, confidence: 0.95 };
    const verdict = decideVerdict({
      effects: large,
      predicted: "increase",
      smallestEffectOfInterest,
      interval,
    });
    expect(verdict).toMatchObject({ verdict: "inconclusive", interval });
    const bootstrapped = hierarchicalBootstrap(
      large.map((effect) => ({ control: [0, 1, 0, 1], treatment: [effect, effect + 1, effect, effect + 1] })),
      { pairedSamples: true },
    );
    expect(
      decideVerdict({
        effects: bootstrapped.perSeed,
        predicted: "increase",
        smallestEffectOfInterest,
        interval: bootstrapped,
      }).verdict,
    ).toBe("supported");
  });

  it("counts no effect whose corrected p-value is too large", () => {
    const input = { effects: large, predicted: "increase", smallestEffectOfInterest } as const;
    expect(decideVerdict({ ...input, adjustedPValue: 0.01 }).verdict).toBe("supported");
    const corrected = decideVerdict({ ...input, adjustedPValue: 0.2 });
    expect(corrected.verdict).toBe("inconclusive");
    expect(corrected.sentence).toContain("corrected p 0.2 is not below 0.05");
  });

  it("says it in a sentence with the numbers", () => {
    expect(decideVerdict({ effects: large, predicted: "increase", smallestEffectOfInterest }).sentence).toBe(
      "Supported: predicted an increase; effect 0.204 (95 % interval 0.19 to 0.218, 5 seeds), smallest effect of interest 0.05; an increase is shown.",
    );
    expect(
      decideVerdict({ effects: nothing, predicted: "increase", smallestEffectOfInterest }).sentence,
    ).toMatch(/^Refuted: predicted an increase; .*; too small to matter \(equivalence p = [\d.e-]+\)\.$/);
  });

  it("turns with the effects, and does not depend on units or on the order of seeds", () => {
    const effects = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 2, maxLength: 7 });
    const bounds = fc.double({ min: 0.01, max: 1, noNaN: true });
    fc.assert(
      fc.property(effects, bounds, (effects, smallestEffectOfInterest) => {
        const { verdict } = decideVerdict({ effects, predicted: "increase", smallestEffectOfInterest });
        const turned = effects.map((effect) => -effect);
        const doubled = effects.map((effect) => 2 * effect);
        const others = [
          decideVerdict({ effects: turned, predicted: "decrease", smallestEffectOfInterest }),
          decideVerdict({
            effects: doubled,
            predicted: "increase",
            smallestEffectOfInterest: 2 * smallestEffectOfInterest,
          }),
        ];
        expect(others.map((other) => other.verdict)).toEqual([verdict, verdict]);
        // Never supported in both directions.
        const opposite = decideVerdict({ effects, predicted: "decrease", smallestEffectOfInterest }).verdict;
        expect([verdict, opposite].filter((name) => name === "supported").length).toBeLessThan(2);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it("refuses what cannot be decided", () => {
    const input = { predicted: "increase", smallestEffectOfInterest } as const;
    expect(() => decideVerdict({ ...input, effects: [1] })).toThrow(/at least 2/);
    expect(() => decideVerdict({ ...input, effects: [1, Number.NaN] })).toThrow(
      expect.objectContaining({ code: "ERR_NOT_FINITE" }),
    );
    expect(() => decideVerdict({ ...input, effects: [1, 2], smallestEffectOfInterest: 0 })).toThrow(
      /smallestEffectOfInterest/,
    );
  });
});
