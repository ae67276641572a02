import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { ConfigError, DataError, engine } from "../../src/index.js";
import {
  createRandomFeatures,
  loadVgg16,
  perceptualDistance,
  perceptualDistances,
} from "../../src/losses/index.js";
import { floatTensor, writeSafetensors } from "../../src/safetensors/index.js";
import { describeOnEveryEngine } from "../engines.js";
import { expectGradientsToMatch, normal } from "../gradient-check.js";
import { expectClose, readReference } from "../reference.js";

const fixture = (name: string) => path.join(import.meta.dirname, "fixtures", `${name}.safetensors`);
const [vgg, linear, whole] = ["vgg16", "lpips-linear", "lpips-whole"].map(fixture) as [
  string,
  string,
  string,
];

describeOnEveryEngine("LPIPS", () => {
  it.each([
    ["torchvision's names, linear weights beside", { vgg, lpips: linear }],
    ["lpips's own names, all in one file", { vgg: whole }],
  ])("is what its authors' package computes (%s)", async (_, files) => {
    const reference = await readReference(fixture("lpips-reference"));
    const before = tf.memory().numTensors;
    const network = await loadVgg16(files);
    expect(network.widths).toEqual([4, 6, 8, 8, 8]);
    const [first, second] = [reference.tensor<tf.Tensor4D>("first"), reference.tensor<tf.Tensor4D>("second")];
    const { value, gradient } = engine.inputGradient((x) => perceptualDistances(network, first, x), second);
    expectClose(value.dataSync(), reference.values("distances"), "distances");
    expectClose(gradient.dataSync(), reference.values("gradient"), "gradient", 1e-3);
    const { channelWeights: _weights, ...bare } = network;
    const unweighted = perceptualDistances(bare, first, second);
    expectClose(unweighted.dataSync(), reference.values("unweighted"), "unweighted");
    tf.dispose([first, second, value, gradient, unweighted]);
    network.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it("leaves nothing on the engine where the weights are wrong", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "latentlab-"));
    const before = tf.memory().numTensors;
    const write = async (tensors: Record<string, { values: number[]; shape: number[] }>) => {
      const file = path.join(folder, "weights.safetensors");
      const list = Object.entries(tensors).map(([name, { values, shape }]) =>
        floatTensor(name, shape, Float32Array.from(values)),
      );
      await writeSafetensors(file, list);
      return file;
    };
    const zeros = (shape: number[]) => ({
      values: Array<number>(shape.reduce((a, b) => a * b)).fill(0),
      shape,
    });
    const refused = async (tensors: Parameters<typeof write>[0], code: string) =>
      expect(loadVgg16({ vgg: await write(tensors) })).rejects.toMatchObject({ code });
    await refused({ "classifier.0.weight": zeros([2, 2]) }, "ERR_WEIGHTS_MISSING");
    await refused({ "features.0.weight": zeros([2, 3, 3, 3]) }, "ERR_WEIGHTS_MISSING");
    await refused({ "features.0.weight": zeros([2, 4, 3, 3]) }, "ERR_WEIGHTS_SHAPE");
    await refused(
      {
        "features.0.weight": zeros([2, 3, 3, 3]),
        "features.0.bias": { values: [0, Number.NaN], shape: [2] },
      },
      "ERR_WEIGHTS_NOT_FINITE",
    );
    await expect(loadVgg16({ vgg, lpips: vgg })).rejects.toMatchObject({ code: "ERR_WEIGHTS_MISSING" });
    await expect(loadVgg16({ vgg, lpips: `${vgg}.gone` })).rejects.toMatchObject({
      code: "ERR_WEIGHTS_NOT_FOUND",
    });
    expect(tf.memory().numTensors).toBe(before);
    await rm(folder, { recursive: true });
  });
});

describeOnEveryEngine("random features", () => {
  it("are the same for the same seed, and halve the resolution from scale to scale", () => {
    const values = (seed: number) => {
      const network = createRandomFeatures({ widths: [4, 6, 8], seed });
      const maps = tf.tidy(() => network.maps(normal([2, 9, 8, 3], 1) as tf.Tensor4D));
      expect(maps.map((map) => map.shape)).toEqual([
        [2, 9, 8, 4],
        [2, 4, 4, 6],
        [2, 2, 2, 8],
      ]);
      const numbers = maps.flatMap((map) => Array.from(map.dataSync()));
      network.dispose();
      tf.dispose(maps);
      return numbers;
    };
    expect(values(1)).toEqual(values(1));
    expect(values(1)).not.toEqual(values(2));
  });

  it("the distance is 0 for equal pictures, grows with blur, and has the gradient of its differences", () => {
    const network = createRandomFeatures({ widths: [4, 6] });
    const picture = normal([2, 8, 8, 3], 1, 0.5) as tf.Tensor4D;
    const blurred = (size: number) =>
      tf.image.resizeBilinear(tf.avgPool(picture, size, size, "valid"), [8, 8]) as tf.Tensor4D;
    const distance = (other: tf.Tensor4D) =>
      perceptualDistance(network)(picture, other).dataSync()[0] as number;
    expect(distance(picture)).toBe(0);
    expect(distance(blurred(2))).toBeGreaterThan(1);
    expect(distance(blurred(4))).toBeGreaterThan(distance(blurred(2)));
    // Mean over pictures, times the values of one.
    const each = perceptualDistances(network, picture, blurred(2)).dataSync();
    expect(distance(blurred(2)) / ((192 * ((each[0] as number) + (each[1] as number))) / 2)).toBeCloseTo(
      1,
      4,
    );
    expectGradientsToMatch(
      (first, second) => perceptualDistances(network, first as tf.Tensor4D, second as tf.Tensor4D),
      [normal([2, 8, 8, 3], 11), normal([2, 8, 8, 3], 12)],
      { step: 1e-3, tolerance: 0.05 },
    );
    expect(() => perceptualDistances(network, picture, normal([2, 4, 4, 3], 1) as tf.Tensor4D)).toThrow(
      DataError,
    );
    network.dispose();
  });
});

describe("createRandomFeatures", () => {
  it("refuses options that make no network", () => {
    for (const options of [{ widths: [] }, { widths: [0] }, { imageChannels: 0 }, { seed: -1 }])
      expect(() => createRandomFeatures(options)).toThrow(ConfigError);
  });
});
