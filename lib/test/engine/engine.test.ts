import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
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
    await expect(engine.use("torch" as "wasm")).rejects.toMatchObject({
      code: "ERR_ENGINE_UNKNOWN",
      message: expect.stringMatching(/auto, tensorflow, wasm/),
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
      { name: "tensorflow", reason: expect.stringContaining("not set up"), fix: "npm run setup" },
    ]);
    expect(engine.describe()).toEqual(description);
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
    expect(description).toMatchObject({ name: "tensorflow", notUsed: [] });
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

  it("leaves uncaught exceptions and rejections to the program", () => {
    expect(countListeners()).toEqual(listenersAtStart);
  });

  it("starts once when asked twice at the same time", async () => {
    const [first, second] = await Promise.all([engine.use("wasm"), engine.use("wasm")]);
    expect(first).toEqual(second);
  });
});
