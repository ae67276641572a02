import { describe, expect, test } from "vitest";
import { ChannelHistogram, LatentGrid, PerturbationSlider, TrainingMonitor } from "../dist/index.js";
import { decode, encode, samplePictures, statisticsOf } from "./samples.js";

const pictures = samplePictures(1);
const latents = encode(pictures);
const kilobyte = 1000;

describe.each([
  ["LatentGrid", () => new LatentGrid({ pictures, latents }), 60],
  ["ChannelHistogram", () => new ChannelHistogram({ statistics: statisticsOf(latents) }), 1200],
  ["PerturbationSlider", () => new PerturbationSlider({ pictures, latents, decode }), 60],
  ["TrainingMonitor", () => new TrainingMonitor({ steps: 10 }), 60],
] as const)("%s's bundle", (_, make, limitKilobytes) => {
  const { esm, css } = make();

  test("is one ES module that imports nothing and exports a default", () => {
    expect(esm).not.toMatch(/(^|[;}\s])import\s*["'{*]/);
    expect(esm).toMatch(/export\s*\{[^}]*as default\s*\}/);
    expect(esm).not.toMatch(/\brequire\(["']/);
  });

  test("is small, with a style sheet that touches nothing outside the widget", () => {
    expect(Buffer.byteLength(esm)).toBeLessThan(limitKilobytes * kilobyte);
    expect(Buffer.byteLength(css)).toBeLessThan(10 * kilobyte);
    const withoutKeyframes = css.replace(/@keyframes[^{]*\{(?:[^{}]*\{[^{}]*\})*\}/g, "");
    const selectors = [...withoutKeyframes.matchAll(/(?:^|[{}])([^{}@]+)\{/g)].flatMap((match) =>
      splitSelectors(match[1] ?? ""),
    );
    expect(selectors.length).toBeGreaterThan(20);
    expect(selectors.filter((selector) => !selector.includes(".lv"))).toEqual([]);
  });
});

/** At commas outside parentheses. */
function splitSelectors(list: string): string[] {
  return list.split(/,(?![^(]*\))/);
}
