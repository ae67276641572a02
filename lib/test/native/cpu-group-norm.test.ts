import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { runtime } from "../../src/engine/torch/runtime.js";
import { createRandom, groupNorm } from "../../src/index.js";
import { useEngine } from "../engines.js";

interface Size {
  batch: number;
  side: number;
  channels: number;
  groups: number;
  mean: number;
}

/** The definition in doubles, of `[batch, side, side, channels]`. */
function normalise(x: Float32Array, gain: Float32Array, offset: Float32Array, size: Size, silu: boolean) {
  const { batch, side, channels, groups } = size;
  const [positions, perGroup] = [side * side, channels / groups];
  const y = new Float32Array(x.length);
  for (let picture = 0; picture < batch; picture++) {
    for (let group = 0; group < groups; group++) {
      const places = Array.from(
        { length: positions * perGroup },
        (_, index) =>
          (picture * positions + Math.floor(index / perGroup)) * channels +
          group * perGroup +
          (index % perGroup),
      );
      const mean = places.reduce((sum, place) => sum + (x[place] as number), 0) / places.length;
      const variance =
        places.reduce((sum, place) => sum + ((x[place] as number) - mean) ** 2, 0) / places.length;
      for (const place of places) {
        const channel = place % channels;
        const normal = ((x[place] as number) - mean) / Math.sqrt(variance + 1e-6);
        const result = normal * (gain[channel] as number) + (offset[channel] as number);
        y[place] = silu ? result / (1 + Math.exp(-result)) : result;
      }
    }
  }
  return y;
}

describe("the CPU's group norm outside of gradients", () => {
  beforeAll(() => useEngine("torch"));

  const sizes: Size[] = [
    { batch: 2, side: 5, channels: 12, groups: 3, mean: 0 },
    { batch: 1, side: 17, channels: 32, groups: 32, mean: 3 },
    { batch: 3, side: 1, channels: 8, groups: 2, mean: 0 },
    { batch: 1, side: 16, channels: 64, groups: 8, mean: 1000 },
  ];
  it.each(sizes)("$batch x $side x $side x $channels, $groups groups, mean $mean", (size) => {
    const { batch, side, channels, groups, mean } = size;
    const random = createRandom(1);
    const draw = (count: number) => random.fillNormal(new Float32Array(count));
    const values = draw(batch * side * side * channels).map((value) => value + mean);
    const parameters = {
      "norm.weight": tf.variable(tf.tensor1d(draw(channels))),
      "norm.bias": tf.variable(tf.tensor1d(draw(channels))),
    };
    const x = tf.tensor4d(values, [batch, side, side, channels]);
    const [gain, offset] = Object.values(parameters).map((variable) => variable.dataSync() as Float32Array);
    for (const activation of ["linear", "silu"] as const) {
      const expected = normalise(
        values,
        gain as Float32Array,
        offset as Float32Array,
        size,
        activation === "silu",
      );
      for (const threads of [1, 2]) {
        runtime.addon.setThreads(threads);
        const y = groupNorm(parameters, "norm", x, { groups, activation }).dataSync();
        // Of numbers round 1000 a float has 4 digits behind the point.
        for (const [place, value] of y.entries())
          expect(Math.abs(value - (expected[place] as number))).toBeLessThan(mean === 1000 ? 2e-3 : 2e-5);
      }
    }
    tf.dispose([parameters, x]);
  });

  it("takes pictures of any order in memory, and gives the same bits with any number of threads", () => {
    const parameters = { "norm.weight": tf.variable(tf.ones([6])), "norm.bias": tf.variable(tf.zeros([6])) };
    const data = createRandom(2).fillNormal(new Float32Array(2 * 20 * 20 * 6));
    const x = tf.tensor4d(data, [2, 20, 20, 6]);
    const turned = tf.transpose(tf.transpose(x, [0, 3, 1, 2]), [0, 2, 3, 1]) as tf.Tensor4D;
    const part = tf.slice(tf.concat([x, x], 2), [0, 0, 20, 0], [2, 20, 20, 6]);
    const results = [x, turned, part].map((input, index) => {
      runtime.addon.setThreads(1 + (index % 2));
      return Array.from(groupNorm(parameters, "norm", input, { groups: 2 }).dataSync());
    });
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
    tf.dispose([parameters, x, turned, part]);
  });
});
