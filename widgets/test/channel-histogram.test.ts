import { describe, expect, test } from "vitest";
import {
  axisEnd,
  axisTicks,
  cutOutline,
  normalShareBelow,
  outline,
  panelsOf,
  shareBetween,
} from "../src/channel-histogram/densities.js";
import { ChannelHistogram, type LatentStatistics } from "../src/index.js";
import { normalDraw } from "../src/perturbation-slider/perturb.js";
import { statisticsOf } from "./samples.js";

/** A channel of N(0, 1) and one of N(0.5, 2). */
function sampleStatistics(): LatentStatistics {
  const draw = normalDraw(1, 80_000);
  const data = draw.map((value, index) => (index % 2 === 0 ? value : 0.5 + 2 * value));
  return statisticsOf({ data, shape: [1, 200, 200, 2] });
}

function panels(scale: "raw" | "one" | "channel") {
  const histogram = new ChannelHistogram({ statistics: sampleStatistics() });
  const encoder = histogram.state.get().encoders[0];
  if (!encoder) throw new Error("The state has no encoder.");
  return panelsOf(encoder, scale);
}

test("a unit normal has 31.7 % outside [-1, 1]", () => {
  expect(1 - (normalShareBelow(1) - normalShareBelow(-1))).toBeCloseTo(0.3173, 4);
  expect(panels("raw")[0]?.outside).toBeCloseTo(0.3173, 2);
});

describe("scales", () => {
  test("raw keeps the latents as they are", () => {
    const [, wide] = panels("raw");
    expect(wide?.mean).toBeCloseTo(0.5, 1);
    expect(wide?.std).toBeCloseTo(2, 1);
    expect(wide?.factor).toBeCloseTo(0.5, 1);
  });

  test("one factor keeps the channels' ratio", () => {
    const [narrow, wide] = panels("one");
    expect((wide?.std ?? 0) / (narrow?.std ?? 1)).toBeCloseTo(2, 1);
    const variance = ((wide?.std ?? 0) ** 2 + (narrow?.std ?? 0) ** 2) / 2;
    expect(variance).toBeGreaterThan(0.9);
    expect(variance).toBeLessThan(1.02);
  });

  test("per channel gives every channel mean 0, std 1, and the normal's share outside", () => {
    for (const panel of panels("channel")) {
      expect(panel.mean).toBeCloseTo(0, 10);
      expect(panel.std).toBeCloseTo(1, 10);
      expect(panel.outside).toBeCloseTo(0.3173, 2);
    }
  });
});

describe("the outline", () => {
  const [panel] = panels("raw");
  if (!panel) throw new Error("There is no panel.");

  test("has the area of the values that it covers", () => {
    const points = outline(panel, 4);
    let covered = 0;
    for (let index = 0; index + 1 < points.length; index += 2) {
      covered += ((points[index + 1]?.z ?? 0) - (points[index]?.z ?? 0)) * (points[index]?.density ?? 0);
    }
    expect(covered).toBeCloseTo(shareBetween(panel, -4, 4), 3);
    expect(points.length / 2).toBeLessThan(70);
  });

  test("is cut exactly at ±1", () => {
    const inside = cutOutline(outline(panel, 4), -1, 1);
    expect(inside[0]?.z).toBe(-1);
    expect(inside.at(-1)?.z).toBe(1);
  });

  test("lies on a common axis that holds every channel", () => {
    expect(axisEnd(panels("raw"))).toBeGreaterThanOrEqual(6);
    expect(axisEnd(panels("channel"))).toBe(4);
    expect(axisTicks(4)).toEqual([-3, -1, 0, 1, 3]);
    expect(axisTicks(20)).toEqual([-10, 0, 10]);
  });
});

test("bins and edges that do not fit, and constant channels, are refused", () => {
  const statistics = sampleStatistics();
  const make = (changed: Partial<LatentStatistics>) => () =>
    new ChannelHistogram({ statistics: { ...statistics, ...changed } });
  expect(make({ edges: [0, 1, 2] })).toThrowError(/3 edges make 2 bins, got 320 counts/);
  expect(make({ edges: [1, 0] })).toThrowError(/ascending/);
  expect(make({ channels: [] })).toThrowError(/at least one channel/);
  const constant = {
    mean: 0,
    std: 0,
    outside: 0,
    scaleFactor: Number.POSITIVE_INFINITY,
    counts: new Uint32Array(320),
  };
  expect(make({ channels: [constant] })).toThrowError(/constant or not a number/);
  expect(() => new ChannelHistogram({})).toThrowError(/at least one encoder/);
});
