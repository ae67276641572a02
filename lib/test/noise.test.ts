import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { ConfigError, createNoise, type Noise } from "../src/index.js";
import { noiseStarts } from "../src/noise.js";
import { describeOnEveryEngine, engineNames, useEngine } from "./engines.js";

function read(tensor: tf.Tensor): number[] {
  const values = Array.from(tensor.dataSync());
  tensor.dispose();
  return values;
}

function using<Result>(seed: number, work: (noise: Noise) => Result): Result {
  const noise = createNoise(seed);
  const result = work(noise);
  noise.dispose();
  return result;
}

describeOnEveryEngine("createNoise", () => {
  it("draws the numbers of Philox4x32-10 under its seed", () => {
    // 0x6627e8d5, 0xe169c58d, 0xbc57ac4c and 0x9b00dbd8: the first block under the key 0, its upper 24 bits.
    const expected = [0x6627e8, 0xe169c5, 0xbc57ac, 0x9b00db].map((bits) => bits / 2 ** 24);
    expect(using(0, (noise) => read(noise.uniform([2, 2])))).toEqual(expected);
    const [a, b] = expected as [number, number];
    const radius = Math.sqrt(-2 * Math.log(1 - a));
    const [first, second] = using(0, (noise) => read(noise.normal([2]))) as [number, number];
    expect(first).toBeCloseTo(radius * Math.cos(2 * Math.PI * b), 5);
    expect(second).toBeCloseTo(radius * Math.sin(2 * Math.PI * b), 5);
  });

  it("has the moments of its distributions", () => {
    const moment = (values: number[], power: number) =>
      values.reduce((sum, value) => sum + value ** power, 0) / values.length;
    const normal = using(7, (noise) => read(noise.normal([100, 1000])));
    expect(moment(normal, 1)).toBeCloseTo(0, 1);
    expect(moment(normal, 2)).toBeCloseTo(1, 1);
    expect(Math.abs(moment(normal, 4) - 3)).toBeLessThan(0.15);
    const uniform = using(7, (noise) => read(noise.uniform([100_000])));
    expect(moment(uniform, 1)).toBeCloseTo(0.5, 2);
    expect(moment(uniform, 2)).toBeCloseTo(1 / 3, 2);
    expect(Math.max(...uniform.slice(0, 50_000))).toBeLessThan(1);
  });

  it("goes on where it was: a draw takes whole blocks of four, and a position can be gone back to", () => {
    using(3, (noise) => {
      const first = read(noise.normal([5]));
      expect(noise.position).toBe(2);
      const second = read(noise.normal([3]));
      expect(noise.position).toBe(3);
      noise.position = 2;
      expect(read(noise.normal([3]))).toEqual(second);
      noise.position = 0;
      expect(read(noise.normal([5]))).toEqual(first);
    });
  });

  it("differs between seeds, those beyond 32 bits included, and keeps no tensors", () => {
    const before = tf.memory().numTensors;
    const draws = [1, 2, 2 ** 32 + 1, 2 ** 40 + 1].map((seed) =>
      using(seed, (noise) => read(noise.uniform([8]))),
    );
    expect(new Set(draws.map((draw) => draw.join())).size).toBe(draws.length);
    expect(tf.memory().numTensors).toBe(before);
  });

  it("begins where it is told to, with the numbers that come there anyway", () => {
    const [whole, rest] = [createNoise(3), createNoise(3, 2)];
    const drawn = tf.tidy(() => Array.from(whole.uniform([12]).dataSync()));
    expect(tf.tidy(() => Array.from(rest.uniform([4]).dataSync()))).toEqual(drawn.slice(8));
    expect(rest.position).toBe(3);
    for (const noise of [whole, rest]) noise.dispose();
    const starts = Object.values(noiseStarts).map((start) => {
      const noise = createNoise(3, start);
      const first = tf.tidy(() => noise.uniform([1]).dataSync()[0]);
      expect(noise.position).toBe(start + 1);
      noise.dispose();
      return first;
    });
    expect(new Set(starts).size).toBe(starts.length);
  });

  it("refuses a seed that is no whole number", () => {
    expect(() => createNoise(-1)).toThrow(ConfigError);
    expect(() => createNoise(0.5)).toThrow(/seed/);
  });
});

describe("noise", () => {
  it("is the same on every engine, and goes on when another one has come into use", async () => {
    const draw = (noise: Noise) => [...read(noise.normal([7])), ...read(noise.uniform([6]))];
    await useEngine("wasm");
    const expected = using(11, (noise) => [...draw(noise), ...draw(noise)]);
    for (const first of engineNames) {
      for (const second of engineNames) {
        await useEngine(first);
        const noise = createNoise(11);
        const numbers = draw(noise);
        await useEngine(second);
        numbers.push(...draw(noise));
        noise.dispose();
        for (const [index, value] of numbers.entries())
          expect(value).toBeCloseTo(expected[index] as number, 5);
      }
    }
  });
});
