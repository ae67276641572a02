import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRandom } from "../../src/index.js";
import { compileForCpu, type Program } from "./compile-for-cpu.js";
import { readStored, toBfloat16, toFloats } from "./stored.js";

const types = [
  { type: "bfloat16", vector: 8, tolerance: 4e-3 },
  { type: "float32", vector: 4, tolerance: 5e-6 },
] as const;

describe.each(types)("the GPU's group norm in $type, run on the CPU", ({ type, vector, tolerance }) => {
  describe.each([false, true])("with SiLU: %s", (silu) => {
    let program: Program;

    beforeAll(async () => {
      const definitions = [`-DVECTOR=${vector}`, `-DSILU=${Number(silu)}`, "-DTHREADS=256"];
      program = await compileForCpu("group-norm-on-cpu.cc", "group_norm.cu.h", definitions);
    });

    afterAll(() => rm(program.folder, { recursive: true }));

    it.each([
      { batch: 2, positions: 63, channels: 32, groups: 8, chunks: 1, mean: 0 },
      { batch: 1, positions: 256, channels: 128, groups: 32, chunks: 3, mean: 3 },
      { batch: 2, positions: 25, channels: 96, groups: 8, chunks: 2, mean: 30 },
      { batch: 1, positions: 9, channels: 1024, groups: 32, chunks: 1, mean: 0 },
    ])("$batch x $positions x $channels, $groups groups, $chunks chunks, mean $mean", async (size) => {
      const { batch, positions, channels, groups, chunks, mean } = size;
      const random = createRandom(1);
      const normal = (count: number) => random.fillNormal(new Float32Array(count));
      const stored = type === "bfloat16" ? toBfloat16 : (values: Float32Array) => values;
      const x = stored(normal(batch * positions * channels).map((value) => value + mean));
      const dy = stored(normal(batch * positions * channels));
      const [weight, bias] = [normal(channels), normal(channels)];
      const { folder } = program;
      for (const [name, values] of Object.entries({ x, dy, weight, bias }))
        await writeFile(path.join(folder, name), values);
      await program.run([folder, batch, positions, channels, groups, chunks].map(String));

      const expected = normaliseGroups(size, toFloats(x), toFloats(dy), weight, bias, silu);
      const read = async (name: string) => toFloats(await readStored(path.join(folder, name), type));
      expect(distance(await read("y"), expected.y)).toBeLessThan(tolerance);
      expect(distance(await read("dx"), expected.dx)).toBeLessThan(tolerance);
      const sums = toFloats(await readStored(path.join(folder, "sums"), "float32"));
      expect(distance(sums, expected.sums)).toBeLessThan(5e-6);
    });
  });
});

interface Size {
  batch: number;
  positions: number;
  channels: number;
  groups: number;
}

/** The definition in doubles, and its gradients: for each picture and channel the sums that dBias and dWeight add up. */
function normaliseGroups(
  size: Size,
  x: number[],
  dy: number[],
  weight: Float32Array,
  bias: Float32Array,
  silu: boolean,
) {
  const { batch, positions, channels, groups } = size;
  const perGroup = channels / groups;
  const [y, dx, sums] = [
    new Array<number>(x.length),
    new Array<number>(x.length),
    new Array<number>(batch * channels * 2).fill(0),
  ];
  for (let picture = 0; picture < batch; picture++) {
    for (let group = 0; group < groups; group++) {
      const members: { index: number; channel: number }[] = [];
      for (let position = 0; position < positions; position++) {
        for (let channel = group * perGroup; channel < (group + 1) * perGroup; channel++) {
          members.push({ index: (picture * positions + position) * channels + channel, channel });
        }
      }
      const average = (f: (member: (typeof members)[number]) => number) =>
        members.reduce((sum, member) => sum + f(member), 0) / members.length;
      const at = (values: ArrayLike<number>, index: number) => values[index] as number;
      const mean = average(({ index }) => at(x, index));
      const inverseStd = 1 / Math.sqrt(average(({ index }) => (at(x, index) - mean) ** 2) + 1e-6);
      const normalised = (index: number) => (at(x, index) - mean) * inverseStd;
      const dz = new Map<number, number>();
      for (const { index, channel } of members) {
        const z = normalised(index) * at(weight, channel) + at(bias, channel);
        const gate = 1 / (1 + Math.exp(-z));
        y[index] = silu ? z * gate : z;
        dz.set(index, at(dy, index) * (silu ? gate * (1 + z * (1 - gate)) : 1));
        const slot = (picture * channels + channel) * 2;
        sums[slot] = at(sums, slot) + (dz.get(index) as number);
        sums[slot + 1] = at(sums, slot + 1) + (dz.get(index) as number) * normalised(index);
      }
      const g = ({ index, channel }: (typeof members)[number]) =>
        (dz.get(index) as number) * at(weight, channel);
      const meanGradient = average(g);
      const meanCorrelation = average((member) => g(member) * normalised(member.index));
      for (const member of members) {
        dx[member.index] =
          inverseStd * (g(member) - meanGradient - normalised(member.index) * meanCorrelation);
      }
    }
  }
  return { y, dx, sums };
}

/** Euclidean distance over the length of what was expected; NaN where anything is NaN, and so never small. */
function distance(actual: number[], expected: number[]): number {
  expect(actual.length).toBe(expected.length);
  const square = (values: number[]) => values.reduce((sum, value) => sum + value * value, 0);
  return Math.sqrt(
    square(actual.map((value, index) => value - (expected[index] as number))) / square(expected),
  );
}
