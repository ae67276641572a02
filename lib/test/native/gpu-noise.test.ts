import { rm } from "node:fs/promises";
import path from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createNoise } from "../../src/engine/plain/noise.js";
import { engine } from "../../src/index.js";
import { compileForCpu, type Program, readFloats } from "./compile-for-cpu.js";

let program: Program;

beforeAll(async () => {
  await engine.use("wasm");
  program = await compileForCpu("philox-on-cpu.cc", "philox.cu.h");
});

afterAll(() => rm(program.folder, { recursive: true }));

/** Places where a carry between the words of the counter or the key would show. */
const places = [
  { seed: 0, position: 0 },
  { seed: 2 ** 32 - 1, position: 2 ** 32 - 100 },
  { seed: 2 ** 52 + 12345, position: 2 ** 51 + 7 },
];

describe.each(places)("the GPU's noise of seed $seed at position $position, run on the CPU", ({
  seed,
  position,
}) => {
  const count = 4 * 5000 + 3;
  const draw = async (kind: "uniform" | "normal") => {
    const file = path.join(program.folder, kind);
    await program.run([file, kind, String(position), String(seed), String(count)]);
    const onHost = tf.tidy(() => createNoise(seed, position)[kind]([count]).dataSync() as Float32Array);
    return { onGpu: await readFloats(file), onHost };
  };

  it("is bit for bit the host's where it is uniform", async () => {
    const { onGpu, onHost } = await draw("uniform");
    expect(onGpu).toEqual(onHost);
  });

  it("is the host's but for the last bits where it is normal", async () => {
    const { onGpu, onHost } = await draw("normal");
    expect(onGpu.length).toBe(count);
    const difference = onGpu.map((value, index) => Math.abs(value - (onHost[index] as number)));
    expect(Math.max(...difference)).toBeLessThan(2e-6);
  });
});
