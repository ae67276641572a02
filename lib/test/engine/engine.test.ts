import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { inspect } from "node:util";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createAutoencoder, EngineError, engine } from "../../src/index.js";

const countListeners = () =>
  ["uncaughtException", "unhandledRejection"].map((event) => process.listenerCount(event));
const listenersAtStart = countListeners();

describe("engine", () => {
  afterEach(() => vi.unstubAllEnvs());

  // The order matters in this file: an engine starts once a process.
  it("says what to call before one is in use", () => {
    expect(() => engine.describe()).toThrow(
      expect.objectContaining({
        code: "ERR_ENGINE_NOT_IN_USE",
        message: expect.stringContaining("engine.use"),
      }),
    );
  });

  it("has to be chosen before a model is made", () => {
    expect(() => createAutoencoder()).toThrow(expect.objectContaining({ code: "ERR_ENGINE_NOT_IN_USE" }));
  });

  it("names the engines that there are when asked for another", async () => {
    await expect(engine.use("jax" as "wasm")).rejects.toMatchObject({
      code: "ERR_ENGINE_UNKNOWN",
      message: expect.stringMatching(/auto, torch, tensorflow, wasm/),
    });
  });

  it("says what is missing and how to get it when a forced engine cannot start", async () => {
    vi.stubEnv("LATENTLAB_ENGINES", "/nowhere");
    const failure = engine.use("tensorflow");
    await expect(failure).rejects.toBeInstanceOf(EngineError);
    await expect(failure).rejects.toMatchObject({
      code: "ERR_ENGINE_UNAVAILABLE",
      fix: "npm run setup",
      message: expect.stringContaining("npm run setup"),
    });
    expect(() => engine.describe()).toThrow(EngineError);
  });

  it("takes the next one with auto, and says why", async () => {
    vi.stubEnv("LATENTLAB_ENGINES", "/nowhere");
    const description = await engine.use("auto");
    expect(description.name).toBe("wasm");
    expect(description.version).toMatch(/^\d+\.\d+\.\d+/);
    expect(description.notUsed).toEqual([
      {
        name: "torch",
        reason: expect.stringContaining("not set up"),
        fix: expect.stringContaining("npm run setup"),
      },
      { name: "tensorflow", reason: expect.stringContaining("not set up"), fix: "npm run setup" },
    ]);
    expect(engine.describe()).toEqual(description);
  });

  it("prints its description as a few lines, with the reasons and remedies", async () => {
    vi.stubEnv("LATENTLAB_ENGINES", "/nowhere");
    await engine.use("auto");
    const lines = inspect(engine.describe()).split("\n");
    expect(lines[0]).toMatch(/^wasm \d+\.\d+\.\d+ on CPU, .*float32$/);
    expect(lines.slice(1)).toEqual([
      expect.stringMatching(/^not torch: .*not set up/),
      expect.stringMatching(/^ {2}to have it: npm run setup -- --engine torch/),
      expect.stringMatching(/^not tensorflow: .*not set up/),
      "  to have it: npm run setup",
    ]);
    expect(JSON.parse(JSON.stringify(engine.describe()))).toMatchObject({
      name: "wasm",
      device: expect.stringContaining("CPU"),
    });
  });

  it("reports an engine whose files are damaged, and keeps the one in use", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "latentlab-engines-"));
    await mkdir(path.join(folder, "tensorflow"));
    await writeFile(path.join(folder, "tensorflow", "stamp.json"), "{}");
    vi.stubEnv("LATENTLAB_ENGINES", folder);
    await expect(engine.use("tensorflow")).rejects.toMatchObject({
      code: "ERR_ENGINE_UNAVAILABLE",
      message: expect.stringContaining("tfjs_binding.node"),
    });
    expect(engine.describe().name).toBe("wasm");
    expect(tf.getBackend()).toBe("wasm");
    await rm(folder, { recursive: true });
  });

  it("takes the fastest with auto where it is set up, also through LATENTLAB_ENGINES", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "latentlab-engines-"));
    const installed = path.resolve(import.meta.dirname, "../../../.engines/tensorflow");
    await symlink(installed, path.join(folder, "tensorflow"));
    vi.stubEnv("LATENTLAB_ENGINES", folder);
    const description = await engine.use();
    expect(description).toMatchObject({ name: "tensorflow", notUsed: [{ name: "torch" }] });
    expect(tf.getBackend()).toBe("tensorflow");
    await rm(folder, { recursive: true });
  });

  it("goes back and forth between engines with the tensors", async () => {
    await engine.use("tensorflow");
    const tensor = tf.tensor1d([1, 2, 3]);
    await engine.use("wasm");
    expect(Array.from(tf.mul(tensor, 2).dataSync())).toEqual([2, 4, 6]);
    await engine.use("tensorflow");
    expect(Array.from(tf.mul(tensor, 3).dataSync())).toEqual([3, 6, 9]);
    tensor.dispose();
  });

  it("refuses options that an engine lacks, names one that has them, and stays as it was", async () => {
    await engine.use("wasm");
    await expect(engine.use("wasm", { device: "cuda" })).rejects.toMatchObject({
      code: "ERR_ENGINE_OPTION",
      message: expect.stringMatching(/no device "cuda".*torch/),
      fix: 'await engine.use("torch", { device: "cuda" })',
    });
    await expect(engine.use("wasm", { precision: "bfloat16" })).rejects.toMatchObject({
      code: "ERR_ENGINE_OPTION",
      fix: 'await engine.use("torch", { precision: "bfloat16" })',
    });
    await expect(engine.use("auto", { device: "gpu" as "cuda" })).rejects.toMatchObject({
      code: "ERR_ENGINE_OPTION",
      message: expect.stringMatching(/device has to be one of "auto", "cpu", "cuda"/),
    });
    expect(engine.describe().name).toBe("wasm");
    expect(Array.from(tf.add([1], [2]).dataSync())).toEqual([3]);
  });

  it("goes on to the next engine with auto when one lacks an option", async () => {
    vi.stubEnv("LATENTLAB_ENGINES", "/nowhere");
    const failure = engine.use("auto", { precision: "bfloat16" });
    await expect(failure).rejects.toMatchObject({
      code: "ERR_ENGINE_UNAVAILABLE",
      message: expect.stringMatching(/torch engine cannot start.*tensorflow.*bfloat16.*wasm.*bfloat16/s),
      fix: expect.stringContaining("--engine torch"),
    });
  });

  it("starts again with other options, and says so", async () => {
    const reduced = await engine.use("torch", { device: "cpu", precision: "bfloat16" });
    expect(reduced).toMatchObject({ name: "torch", precision: "bfloat16" });
    const exact = await engine.use("torch", { device: "cpu" });
    expect(exact).toMatchObject({ name: "torch", precision: "float32" });
  });

  it("counts what it holds", async () => {
    await engine.use("wasm");
    const before = engine.memory();
    const tensor = tf.zeros([4, 4]);
    expect(engine.memory()).toEqual({ ...before, tensors: before.tensors + 1, bytes: before.bytes + 64 });
    tensor.dispose();
    expect(engine.memory()).toEqual(before);
  });

  it("leaves uncaught exceptions and rejections to the program", () => {
    expect(countListeners()).toEqual(listenersAtStart);
  });

  it("starts once when asked twice at the same time", async () => {
    const [first, second] = await Promise.all([engine.use("wasm"), engine.use("wasm")]);
    expect(first).toEqual(second);
  });
});
