import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createAutoencoderKL, scaleLatents, unscaleLatents } from "../../src/autoencoder/kl/index.js";
import { engine } from "../../src/index.js";
import { loadAutoencoderKL, saveAutoencoderKL } from "../../src/pretrained/index.js";
import { openSafetensors, type TensorToWrite, writeSafetensors } from "../../src/safetensors/index.js";
import { fixtures, useTemporaryFolder } from "./helpers.js";

const folder = useTemporaryFolder();
const weightsName = "diffusion_pytorch_model.safetensors";
const sd1 = path.join(fixtures, "sd1");
let tensorsBefore = 0;

beforeAll(async () => {
  await engine.use("wasm");
});
beforeEach(() => {
  tensorsBefore = tf.memory().numTensors;
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(tensorsBefore);
});

/** The tensors of a fixture, to be changed and written again. */
async function readTensors(file = path.join(sd1, weightsName)): Promise<TensorToWrite[]> {
  const source = await openSafetensors(file);
  const entries = [...source.tensors.values()];
  const tensors = await Promise.all(
    entries.map(async ({ name, dtype, shape }) => ({
      name,
      dtype,
      shape,
      bytes: await source.readBytes(name),
    })),
  );
  await source.close();
  return tensors;
}

/** sd1 with other tensors, in the test's folder. */
async function writeChanged(change: (tensor: TensorToWrite) => TensorToWrite[]): Promise<void> {
  await cp(path.join(sd1, "config.json"), path.join(folder.path, "config.json"));
  await writeSafetensors(path.join(folder.path, weightsName), (await readTensors()).flatMap(change));
}

async function readParameters(source: string, options = {}): Promise<Record<string, number[]>> {
  const model = await loadAutoencoderKL(source, options);
  const entries = Object.entries(model.parameters).map(([name, { shape }]) => [name, shape]);
  const values = await Promise.all(
    Object.values(model.parameters).map(async (variable) => [...(await variable.data())]),
  );
  model.dispose();
  return Object.fromEntries(entries.map(([name], index) => [name as string, values[index] as number[]]));
}

describe("loadAutoencoderKL", () => {
  it("takes a folder, a pipeline with its vae, a file, and a file with a config", async () => {
    const wanted = await readParameters(sd1);
    await cp(sd1, path.join(folder.path, "vae"), { recursive: true });
    await writeFile(path.join(folder.path, "model_index.json"), "{}");
    expect(await readParameters(folder.path)).toEqual(wanted);
    expect(await readParameters(folder.path, { subfolder: "vae" })).toEqual(wanted);
    const file = path.join(folder.path, "vae", weightsName);
    expect(await readParameters(file)).toEqual(wanted);
    const config = JSON.parse(await readFile(path.join(sd1, "config.json"), "utf8"));
    await rm(path.join(folder.path, "vae", "config.json"));
    expect(await readParameters(file, { config })).toEqual(wanted);
    await expect(loadAutoencoderKL(file)).rejects.toMatchObject({
      code: "ERR_WEIGHTS_NOT_FOUND",
      message: expect.stringContaining("config.json"),
    });
  });

  it("says where the weights come from", async () => {
    const model = await loadAutoencoderKL(path.join(fixtures, "sdxl"), { variant: "fp16" });
    expect(model.origin).toMatchObject({
      configFile: path.join(fixtures, "sdxl", "config.json"),
      weightsFile: path.join(fixtures, "sdxl", "diffusion_pytorch_model.fp16.safetensors"),
      repository: undefined,
    });
    expect(model.downsampling).toBe(4);
    model.dispose();
  });

  it("takes the names and shapes of older checkpoints", async () => {
    const older = new Map(
      Object.entries({ to_q: "query", to_k: "key", to_v: "value", "to_out.0": "proj_attn" }),
    );
    let changed = 0;
    await writeChanged((tensor) => {
      const [, block, layer = "", kind] = tensor.name.match(/^(.*attentions\.0)\.(to_.*)\.(\w+)$/) ?? [];
      const name = older.get(layer);
      if (!name) return [tensor];
      changed += 1;
      const shape = kind === "weight" ? [...tensor.shape, 1, 1] : tensor.shape;
      return [{ ...tensor, name: `${block}.${name}.${kind}`, shape }];
    });
    expect(changed).toBe(16);
    expect(await readParameters(folder.path)).toEqual(await readParameters(sd1));
  });

  it.each([
    ["lacks one", "ERR_WEIGHTS_MISSING", () => []],
    ["has one more", "ERR_WEIGHTS_UNEXPECTED", (tensor) => [tensor, { ...tensor, name: "more" }]],
    ["has another name", "ERR_WEIGHTS_MISSING", (tensor) => [{ ...tensor, name: "__proto__" }]],
    [
      "has another shape",
      "ERR_WEIGHTS_SHAPE",
      (tensor) => [{ ...tensor, shape: [...tensor.shape].reverse() }],
    ],
    ["has one dimension more", "ERR_WEIGHTS_SHAPE", (tensor) => [{ ...tensor, shape: [...tensor.shape, 1] }]],
    ["has integers", "ERR_WEIGHTS_DTYPE", (tensor) => [{ ...tensor, dtype: "I32" }]],
    [
      "has a NaN",
      "ERR_WEIGHTS_NOT_FINITE",
      (tensor) => [{ ...tensor, bytes: withFloat(tensor.bytes as Uint8Array, Number.NaN) }],
    ],
    [
      "has an infinite number",
      "ERR_WEIGHTS_NOT_FINITE",
      (tensor) => [{ ...tensor, bytes: withFloat(tensor.bytes as Uint8Array, Number.NEGATIVE_INFINITY) }],
    ],
  ] as [
    string,
    string,
    (tensor: TensorToWrite) => TensorToWrite[],
  ][])("leaves nothing on the engine where the file %s", async (_, code, change) => {
    const name = "decoder.up_blocks.1.resnets.0.conv1.weight"; // many are read before it
    await writeChanged((tensor) => (tensor.name === name ? change(tensor) : [tensor]));
    await expect(loadAutoencoderKL(folder.path)).rejects.toMatchObject({ name: "WeightsError", code });
  });

  it("refuses weights that another config belongs to", async () => {
    await cp(sd1, folder.path, { recursive: true });
    const config = JSON.parse(await readFile(path.join(sd1, "config.json"), "utf8"));
    for (const [change, code] of [
      [{ latent_channels: 8 }, "ERR_WEIGHTS_SHAPE"],
      [{ use_quant_conv: false }, "ERR_WEIGHTS_UNEXPECTED"],
      [{ layers_per_block: 3 }, "ERR_WEIGHTS_MISSING"],
      [{ mid_block_add_attention: false }, "ERR_WEIGHTS_UNEXPECTED"],
      [{ norm_num_groups: 3 }, "ERR_MODEL_CONFIG"],
    ] as const) {
      await writeFile(path.join(folder.path, "config.json"), JSON.stringify({ ...config, ...change }));
      await expect(loadAutoencoderKL(folder.path), code).rejects.toMatchObject({ code });
    }
    await writeFile(path.join(folder.path, "config.json"), "{");
    await expect(loadAutoencoderKL(folder.path)).rejects.toMatchObject({ code: "ERR_MODEL_CONFIG" });
  });

  it("says what a folder has instead of the weights", async () => {
    const config = path.join(folder.path, "config.json");
    await expect(loadAutoencoderKL(folder.path)).rejects.toMatchObject({ code: "ERR_WEIGHTS_NOT_FOUND" });
    await cp(path.join(sd1, "config.json"), config);
    await expect(loadAutoencoderKL(folder.path)).rejects.toMatchObject({ code: "ERR_WEIGHTS_NOT_FOUND" });
    await writeFile(path.join(folder.path, "diffusion_pytorch_model.bin"), "");
    await expect(loadAutoencoderKL(folder.path)).rejects.toMatchObject({ code: "ERR_WEIGHTS_FORMAT" });
    await writeFile(path.join(folder.path, "diffusion_pytorch_model.fp16.safetensors"), "");
    await expect(loadAutoencoderKL(folder.path)).rejects.toMatchObject({
      code: "ERR_WEIGHTS_NOT_FOUND",
      message: expect.stringContaining("diffusion_pytorch_model.fp16.safetensors"),
    });
    const pickle = path.join(folder.path, "diffusion_pytorch_model.bin");
    await expect(loadAutoencoderKL(pickle)).rejects.toMatchObject({ code: "ERR_WEIGHTS_FORMAT" });
  });

  it.each([
    "/nowhere/at/all",
    "./missing",
    "missing",
    "..",
    "a/b/c",
    "missing.safetensors",
    "../x",
  ])("does not ask the hub for %s", async (source) => {
    await expect(loadAutoencoderKL(source, { endpoint: "http://127.0.0.1:9" })).rejects.toMatchObject({
      code: "ERR_WEIGHTS_NOT_FOUND",
    });
  });

  it.each([
    [{ subfolder: "../x" }],
    [{ subfolder: "/etc" }],
    [{ subfolder: "a/../../b" }],
    [{ variant: "../x" }],
    [{ variant: "" }],
  ])("refuses the option %j", async (options) => {
    await expect(loadAutoencoderKL(sd1, options)).rejects.toMatchObject({ name: "ConfigError" });
  });
});

describe("saveAutoencoderKL", () => {
  it.each([
    ["sd1", "F32", {}],
    ["sdxl", "F16", { variant: "fp16" }],
    ["sixteen", "BF16", {}],
  ] as const)("writes %s back byte for byte as diffusers had it", async (name, dtype, options) => {
    const model = await loadAutoencoderKL(path.join(fixtures, name), options);
    await saveAutoencoderKL(model, path.join(folder.path, "new", "folder"), { dtype });
    const saved = path.join(folder.path, "new", "folder");
    const weights = await readFile(model.origin.weightsFile);
    expect((await readFile(path.join(saved, weightsName))).equals(weights)).toBe(true);
    const config = async (where: string) =>
      JSON.parse(await readFile(path.join(where, "config.json"), "utf8"));
    expect({ ...(await config(saved)), _diffusers_version: 0 }).toEqual({
      ...(await config(path.join(fixtures, name))),
      _diffusers_version: 0,
    });
    model.dispose();
  });

  it("saves what diffusers had divided as one file, and what was trained", async () => {
    const model = await loadAutoencoderKL(path.join(fixtures, "attention"));
    const bias = model.parameters["encoder.conv_in.bias"] as tf.Variable;
    tf.tidy(() => bias.assign(tf.add(bias, 1)));
    const wanted = [...(await bias.data())];
    await saveAutoencoderKL(model, folder.path);
    model.dispose();
    expect((await readdir(folder.path)).sort()).toEqual(["config.json", weightsName]);
    expect((await readParameters(folder.path))["encoder.conv_in.bias"]).toEqual(wanted);
  });

  it("refuses numbers that would not come back, and keeps what was saved before", async () => {
    const model = createAutoencoderKL({ blockOutChannels: [4], normNumGroups: 2 });
    await saveAutoencoderKL(model, folder.path);
    const before = await readFile(path.join(folder.path, weightsName));
    const bias = model.parameters["decoder.conv_out.bias"] as tf.Variable;
    for (const [value, dtype] of [
      [Number.NaN, "F32"],
      [Number.POSITIVE_INFINITY, "F32"],
      [1e5, "F16"],
    ] as const) {
      tf.tidy(() => bias.assign(tf.fill([3], value)));
      await expect(saveAutoencoderKL(model, folder.path, { dtype })).rejects.toMatchObject({
        code: "ERR_WEIGHTS_NOT_FINITE",
        tensor: "decoder.conv_out.bias",
      });
    }
    model.dispose();
    expect(await readFile(path.join(folder.path, weightsName))).toEqual(before);
    expect((await readdir(folder.path)).sort()).toEqual(["config.json", weightsName]);
  });

  it("refuses a folder whose divided model would be loaded instead", async () => {
    const model = createAutoencoderKL({ blockOutChannels: [4], normNumGroups: 2 });
    await writeFile(path.join(folder.path, `${weightsName}.index.json`), "{}");
    await expect(saveAutoencoderKL(model, folder.path)).rejects.toMatchObject({
      code: "ERR_WEIGHTS_FOLDER_IN_USE",
    });
    model.dispose();
    expect(await readdir(folder.path)).toEqual([`${weightsName}.index.json`]);
  });
});

describe("createAutoencoderKL", () => {
  it("draws the same weights from the same seed, in PyTorch's ranges", async () => {
    const config = { blockOutChannels: [4, 8], normNumGroups: 2, layersPerBlock: 1 };
    const draw = async (seed: number) => {
      const model = createAutoencoderKL(config, { seed });
      await saveAutoencoderKL(model, folder.path);
      model.dispose();
      return readParameters(folder.path);
    };
    const first = await draw(1);
    expect(await draw(1)).toEqual(first);
    expect(await draw(2)).not.toEqual(first);
    expect(first["encoder.conv_norm_out.weight"]).toEqual(Array(8).fill(1));
    const weights = first["decoder.conv_in.weight"] as number[];
    const bound = 1 / Math.sqrt(9 * 4);
    expect(Math.max(...weights.map(Math.abs))).toBeLessThanOrEqual(Math.fround(bound));
    expect(Math.max(...weights.map(Math.abs))).toBeGreaterThan(0.9 * bound);
  });

  it("refuses what does not fit together, and pictures of another shape", () => {
    expect(() => createAutoencoderKL({ blockOutChannels: [7] })).toThrow(
      expect.objectContaining({ code: "ERR_MODEL_CONFIG" }),
    );
    const model = createAutoencoderKL({ blockOutChannels: [4, 4], normNumGroups: 2 });
    for (const shape of [
      [1, 8, 8, 4],
      [1, 1, 8, 3],
      [8, 8, 3],
    ]) {
      const wrong = tf.zeros(shape as [number, number, number, number]) as tf.Tensor4D;
      expect(() => model.encode(wrong)).toThrow(expect.objectContaining({ code: "ERR_SHAPE_MISMATCH" }));
      wrong.dispose();
    }
    const latents = tf.zeros([1, 8, 8, 3]) as tf.Tensor4D;
    expect(() => model.decode(latents)).toThrow(expect.objectContaining({ code: "ERR_SHAPE_MISMATCH" }));
    latents.dispose();
    model.dispose();
  });
});

const at = (values: number[], index: number) => values[index] as number;

it("scales latents by one number and a shift, or channel by channel, and back", async () => {
  for (const [name, options, wanted] of [
    ["sd1", {}, (z: number) => z * 0.18215],
    ["sixteen", {}, (z: number) => (z - 0.1159) * 0.3611],
    [
      "sdxl",
      { variant: "fp16" },
      (z: number, channel: number) =>
        ((z - at([0.5, -1.5, 0.25, 2.25], channel)) * 0.13025) / at([4.25, 3.5, 3.25, 2.5], channel),
    ],
  ] as [string, object, (z: number, channel: number) => number][]) {
    const { config, dispose } = await loadAutoencoderKL(path.join(fixtures, name), options);
    dispose();
    const values = Float32Array.from({ length: 2 * config.latentChannels }, (_, index) => index - 3);
    const latents = tf.tensor2d(values, [2, config.latentChannels]);
    const scaled = scaleLatents(config, latents);
    const back = unscaleLatents(config, scaled);
    const results = [scaled.dataSync(), back.dataSync()];
    for (const [index, value] of values.entries()) {
      expect(results[0]?.[index]).toBeCloseTo(wanted(value, index % config.latentChannels), 5);
      expect(results[1]?.[index]).toBeCloseTo(value, 4);
    }
    tf.dispose([latents, scaled, back]);
  }
});

/** The same bytes with one float32 in their middle replaced. */
function withFloat(bytes: Uint8Array, value: number): Uint8Array {
  const changed = bytes.slice();
  new DataView(changed.buffer).setFloat32(4 * Math.floor(changed.length / 8), value, true);
  return changed;
}
