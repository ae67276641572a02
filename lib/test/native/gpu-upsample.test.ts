import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRandom } from "../../src/index.js";
import { compileForCpu, type Program } from "./compile-for-cpu.js";
import { readStored, toBfloat16, toFloats } from "./stored.js";

describe.each([
  { type: "bfloat16", vector: 8, factor: 2 },
  { type: "float32", vector: 4, factor: 3 },
] as const)("the GPU's upsampling of $type by $factor, run on the CPU", ({ type, vector, factor }) => {
  let program: Program;

  beforeAll(async () => {
    const definitions = [`-DVECTOR=${vector}`, `-DFACTOR=${factor}`, "-DTHREADS=256"];
    program = await compileForCpu("upsample-on-cpu.cc", "upsample.cu.h", definitions);
  });

  afterAll(() => rm(program.folder, { recursive: true }));

  it.each([
    { rows: 1, width: 1, channels: 8 },
    { rows: 10, width: 7, channels: 24 },
    { rows: 6, width: 5, channels: 128 },
  ])("repeats the pixels of $rows x $width x $channels, and adds up their gradients", async (size) => {
    const { rows, width, channels } = size;
    const random = createRandom(1);
    const draw = (count: number) => {
      const values = random.fillNormal(new Float32Array(count));
      return type === "bfloat16" ? toBfloat16(values) : values;
    };
    const x = draw(rows * width * channels);
    const dy = draw(x.length * factor ** 2);
    const { folder } = program;
    await writeFile(path.join(folder, "x"), x);
    await writeFile(path.join(folder, "dy"), dy);
    await program.run([folder, rows, width, channels].map(String));

    const [small, gradient] = [toFloats(x), toFloats(dy)];
    const sums = new Array<number>(x.length).fill(0);
    const repeated = gradient.map((value, index) => {
      const pixel = Math.floor(index / channels);
      const [row, column] = [Math.floor(pixel / (width * factor)), pixel % (width * factor)];
      const from =
        (Math.floor(row / factor) * width + Math.floor(column / factor)) * channels + (index % channels);
      sums[from] = (sums[from] as number) + value;
      return small[from] as number;
    });
    expect(toFloats(await readStored(path.join(folder, "y"), type))).toEqual(repeated);
    const dx = toFloats(await readStored(path.join(folder, "dx"), type));
    const tolerance = type === "bfloat16" ? 2 ** -8 : 1e-6;
    expect(dx).toHaveLength(sums.length);
    for (const [index, sum] of sums.entries())
      expect(Math.abs((dx[index] as number) - sum)).toBeLessThanOrEqual(
        tolerance * Math.max(1, Math.abs(sum)),
      );
  });
});
