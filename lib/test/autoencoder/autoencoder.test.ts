import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import {
  ConfigError,
  cards,
  createAutoencoder,
  decodeLatents,
  encodeImages,
  engine,
  pictures,
  reconstruct,
  sampleLatents,
} from "../../src/index.js";
import { describeOnEveryEngine } from "../engines.js";
import { normal } from "../gradient-check.js";

const images = cards({ count: 10, seed: 1 });

describeOnEveryEngine("an autoencoder", () => {
  it("encodes and decodes with the promised shapes", () => {
    const model = createAutoencoder({ widths: [4, 8, 8], latentChannels: 3 });
    tf.tidy(() => {
      const { mean, logvar } = model.encode(normal([2, 32, 32, 3], 1) as tf.Tensor4D);
      expect([mean.shape, logvar.shape]).toEqual([
        [2, 8, 8, 3],
        [2, 8, 8, 3],
      ]);
      expect(model.decode(mean).shape).toEqual([2, 32, 32, 3]);
    });
    model.dispose();
  });

  it("clamps the log variance to [-30, 20]", () => {
    const model = createAutoencoder({ widths: [4, 8, 8], latentChannels: 1 });
    tf.tidy(() => {
      for (const [bias, clamped] of [
        [-1000, -30],
        [1000, 20],
      ] as const) {
        model.parameters["quant_conv.bias"]?.assign(tf.tensor1d([0, bias]));
        const { logvar } = model.encode(normal([1, 32, 32, 3], 1) as tf.Tensor4D);
        expect([...new Set(logvar.dataSync())]).toEqual([clamped]);
      }
    });
    model.dispose();
  });

  it("gives the same results whatever the batch size", async () => {
    const model = createAutoencoder({ widths: [4, 8, 8], seed: 2 });
    const whole = await encodeImages(model, images, { batchSize: 10 });
    const parts = await encodeImages(model, images, { batchSize: 3 });
    expect(whole.mean.shape).toEqual([10, 8, 8, 4]);
    for (const key of ["mean", "sigma"] as const) {
      for (const [index, value] of whole[key].data.entries())
        expect(parts[key].data[index]).toBeCloseTo(value, 4);
    }
    const decoded = await decodeLatents(model, whole.mean, { batchSize: 4 });
    expect(decoded.shape).toEqual([10, 32, 32, 3]);
    expect(decoded).toEqual(await reconstruct(model, images, { batchSize: 10 }));
    model.dispose();
  });

  it("starts the same for the same seed", async () => {
    const values = (seed: number) => {
      const model = createAutoencoder({ widths: [4, 8, 8], seed });
      const all = Object.values(model.parameters).map((parameter) => Array.from(parameter.dataSync()));
      model.dispose();
      return all;
    };
    expect(values(1)).toEqual(values(1));
    expect(values(1)).not.toEqual(values(2));
  });
});

describe("createAutoencoder", () => {
  beforeAll(async () => {
    await engine.use("wasm");
  });

  it("names its parameters as diffusers' AutoencoderKL does", () => {
    const model = createAutoencoder();
    const names = Object.keys(model.parameters);
    expect(names).toEqual(
      expect.arrayContaining([
        "encoder.conv_in.weight",
        "encoder.down_blocks.0.resnets.0.norm1.weight",
        "encoder.down_blocks.1.resnets.0.conv_shortcut.bias",
        "encoder.down_blocks.1.downsamplers.0.conv.weight",
        "encoder.conv_norm_out.bias",
        "quant_conv.weight",
        "post_quant_conv.bias",
        "decoder.up_blocks.0.upsamplers.0.conv.weight",
        "decoder.conv_out.bias",
      ]),
    );
    expect(model.parameters["encoder.conv_in.weight"]?.shape.slice(0, 3)).toEqual([3, 3, 3]);
    expect(names.filter((name) => name.includes("samplers"))).toHaveLength(8); // two halvings, two doublings
    model.dispose();
  });

  it("makes as many resolutions as the downsampling needs", () => {
    const model = createAutoencoder({ downsampling: 8, latentChannels: 16 });
    expect(model.config).toMatchObject({ downsampling: 8, widths: { length: 4 }, latentChannels: 16 });
    model.dispose();
  });

  it("refuses options that do not fit each other, and says how to fix them", () => {
    expect(() => createAutoencoder({ downsampling: 3 })).toThrow(ConfigError);
    expect(() => createAutoencoder({ downsampling: 3 })).toThrow(/power of two/);
    expect(() => createAutoencoder({ imageSize: 30 })).toThrow(/multiple of downsampling/);
    expect(() => createAutoencoder({ widths: [8, 8] })).toThrow(/widths needs 3/);
    expect(() => createAutoencoder({ latentChannels: 0 })).toThrow(/latentChannels/);
  });

  it("refuses latents and pictures of another shape", async () => {
    const model = createAutoencoder({ widths: [4, 4, 4] });
    const latents = { data: new Float32Array(8 * 8 * 3), shape: [1, 8, 8, 3] };
    await expect(decodeLatents(model, latents)).rejects.toMatchObject({ code: "ERR_SHAPE_MISMATCH" });
    const lies = { data: new Float32Array(5), shape: [1, 8, 8, 4] };
    await expect(decodeLatents(model, lies)).rejects.toMatchObject({ code: "ERR_SHAPE_MISMATCH" });
    await expect(encodeImages(model, cards({ count: 1, size: 20 }))).rejects.toThrow(/32 x 32 x 3/);
    model.dispose();
  });
});

describe("sampleLatents", () => {
  it("draws from the posterior, repeatably", () => {
    const shape = [5000, 1];
    const mean = { data: new Float32Array(5000).fill(3), shape };
    const sigma = { data: new Float32Array(5000).fill(0.5), shape };
    const { data } = sampleLatents({ mean, sigma }, { seed: 1 });
    const average = data.reduce((sum, value) => sum + value, 0) / data.length;
    const variance = data.reduce((sum, value) => sum + (value - average) ** 2, 0) / data.length;
    expect(average).toBeCloseTo(3, 1);
    expect(Math.sqrt(variance)).toBeCloseTo(0.5, 1);
    expect(sampleLatents({ mean, sigma }, { seed: 1 }).data).toEqual(data);
    expect(sampleLatents({ mean, sigma }, { seed: 2 }).data).not.toEqual(data);
  });
});

it("pictures of a set are what it was made of", () => {
  expect(pictures(images).data).toEqual(images.pixels);
});
