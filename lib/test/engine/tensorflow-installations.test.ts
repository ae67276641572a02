import { cp, mkdir, mkdtemp, rm, symlink, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { findInstallations } from "../../src/engine/tensorflow/installations.js";
import { engine } from "../../src/index.js";

/** What the set-up has made: its parts are laid out here as `npm install @tensorflow/tfjs-node` lays them out. */
const ours = path.resolve(import.meta.dirname, "../../../.engines/tensorflow");
let project: string;

beforeEach(async () => {
  project = await mkdtemp(path.join(tmpdir(), "latentlab-project-"));
  vi.spyOn(process, "cwd").mockReturnValue(project);
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await rm(project, { recursive: true });
});

async function installPublished(name: string, { complete = true } = {}): Promise<string> {
  const source = path.join(ours, "node_modules/@tensorflow/tfjs-node");
  const target = path.join(project, "node_modules", name);
  await mkdir(path.join(target, "lib/napi-v8"), { recursive: true });
  await cp(path.join(source, "package.json"), path.join(target, "package.json"));
  await symlink(path.join(source, "dist"), path.join(target, "dist"));
  const binding = path.join(target, "lib/napi-v8/tfjs_binding.node");
  if (complete) await symlink(path.join(ours, "tfjs_binding.node"), binding);
  return target;
}

it("prefers the published package of the user's project to ours, and one for GPUs to both", async () => {
  expect(findInstallations().map(({ binding }) => binding)).toEqual([path.join(ours, "tfjs_binding.node")]);
  await installPublished("@tensorflow/tfjs-node");
  await installPublished("@tensorflow/tfjs-node-gpu");
  expect(findInstallations().map(({ package: name, forGpu }) => [name, forGpu])).toEqual([
    ["@tensorflow/tfjs-node-gpu", true],
    ["@tensorflow/tfjs-node", false],
    ["@tensorflow/tfjs-node", false],
  ]);
});

it("passes over a published package whose own installation has failed half-way", async () => {
  vi.stubEnv("LATENTLAB_ENGINES", "/nowhere");
  await installPublished("@tensorflow/tfjs-node", { complete: false });
  expect(findInstallations()).toEqual([]);
  await expect(engine.use("tensorflow")).rejects.toMatchObject({
    code: "ERR_ENGINE_UNAVAILABLE",
    message: expect.stringContaining("not set up"),
  });
});

it("refuses a library that has been cut short, which would end the process", async () => {
  vi.stubEnv("LATENTLAB_ENGINES", project);
  const folder = path.join(project, "tensorflow");
  await cp(path.join(ours, "stamp.json"), path.join(folder, "stamp.json"));
  await cp(path.join(ours, "tfjs_binding.node"), path.join(folder, "tfjs_binding.node"));
  const library = path.join(folder, "tensorflow/libtensorflow_cc.so.2");
  await cp(path.join(ours, "tensorflow/libtensorflow_framework.so.2"), library);
  await truncate(library, 1_000_000);
  await expect(engine.use("tensorflow")).rejects.toMatchObject({
    code: "ERR_ENGINE_UNAVAILABLE",
    message: expect.stringContaining(`libtensorflow_cc.so.2 is damaged; remove the folder ${folder}`),
  });
});

it("says how to set the engine up for a GPU", async () => {
  await expect(engine.use("tensorflow", { device: "cuda" })).rejects.toMatchObject({
    code: "ERR_ENGINE_UNAVAILABLE",
    message: expect.stringMatching(/on a GPU.*not set up/),
    fix: "npm run setup -- --engine tensorflow-gpu",
  });
});

it("runs on the published package alone, and then cannot change the device of the process", async () => {
  vi.stubEnv("LATENTLAB_ENGINES", "/nowhere");
  await installPublished("@tensorflow/tfjs-node");
  expect(await engine.use("tensorflow")).toMatchObject({ name: "tensorflow", precision: "float32" });
  expect(Array.from(tf.matMul([[1, 2]], [[3], [4]]).dataSync())).toEqual([11]);
  await installPublished("@tensorflow/tfjs-node-gpu");
  await expect(engine.use("tensorflow", { device: "cuda" })).rejects.toMatchObject({
    code: "ERR_ENGINE_OPTION",
    message: expect.stringContaining("Restart the kernel"),
  });
  expect(engine.describe().device).toMatch(/CPU/);
});
