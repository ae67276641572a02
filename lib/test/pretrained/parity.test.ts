import path from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeTiledToFloats, encodeTiled } from "../../src/autoencoder/kl/apply-tiled.js";
import { fromTorchLayout } from "../../src/autoencoder/kl/layout.js";
import { listParameters } from "../../src/autoencoder/kl/parameter-shapes.js";
import { engine, klDivergence } from "../../src/index.js";
import { type LoadedAutoencoderKL, loadAutoencoderKL } from "../../src/pretrained/index.js";
import { openSafetensors, type TensorSource } from "../../src/safetensors/index.js";
import { describeOnEveryEngine } from "../engines.js";
import { fixtures } from "./helpers.js";

/** Largest difference, relative to the largest value. */
const tolerance = 1e-4;

function expectClose(actual: ArrayLike<number>, wanted: ArrayLike<number>, what: string): void {
  expect(actual.length, what).toBe(wanted.length);
  let scale = 0;
  let difference = 0;
  for (let index = 0; index < wanted.length; index++) {
    scale = Math.max(scale, Math.abs(wanted[index] as number));
    difference = Math.max(difference, Math.abs((actual[index] as number) - (wanted[index] as number)));
  }
  expect(scale, what).toBeGreaterThan(0);
  expect(difference / scale, what).toBeLessThan(tolerance);
}

describeOnEveryEngine("AutoencoderKL beside diffusers", () => {
  describe.each([
    ["sd1", {}],
    ["sdxl", { variant: "fp16" }],
    ["sixteen", {}],
    ["attention", {}],
  ] as const)("%s", (name, options) => {
    let model: LoadedAutoencoderKL;
    let reference: TensorSource;

    beforeAll(async () => {
      model = await loadAutoencoderKL(path.join(fixtures, name), options);
      reference = await openSafetensors(path.join(fixtures, name, "reference.safetensors"));
    });
    afterAll(async () => {
      model.dispose();
      await reference.close();
    });

    const shapeOf = (tensor: string) =>
      reference.tensors.get(tensor)?.shape as [number, number, number, number];
    /** 0..255 to [-1, 1]. */
    const readPictures = async (tensor: string) => {
      const values = Float32Array.from(await reference.readBytes(tensor), (value) => value / 127.5 - 1);
      return tf.tensor4d(values, shapeOf(tensor));
    };

    it("encodes and decodes the same", async () => {
      const pictures = await readPictures("pictures");
      const { mean, logvar } = model.encode(pictures);
      const moments = tf.concat([mean, logvar], 3);
      expect(moments.shape).toEqual(shapeOf("moments"));
      expectClose(await moments.data(), await reference.readFloat32("moments"), "moments");
      const decoded = model.decode(mean);
      expect(decoded.shape).toEqual(shapeOf("decoded"));
      expectClose(await decoded.data(), await reference.readFloat32("decoded"), "decoded");
      tf.dispose([pictures, mean, logvar, moments, decoded]);
    });

    it("encodes pictures whose size is no multiple of f, rounded down like PyTorch", async () => {
      const pictures = await readPictures("odd.pictures");
      const moments = model.encodeMoments(pictures);
      expect(moments.shape).toEqual(shapeOf("odd.moments"));
      expectClose(await moments.data(), await reference.readFloat32("odd.moments"), "moments");
      tf.dispose([pictures, moments]);
    });

    it("has the same gradients", async () => {
      const pictures = await readPictures("pictures");
      const target = tf.tensor4d(await reference.readFloat32("target"), shapeOf("target"));
      const { value, gradients } = engine.valueAndGradients(() => {
        const posterior = model.encode(pictures);
        const distance = tf.abs(tf.sub(model.decode(posterior.mean), target));
        const reconstruction = tf.mean(tf.mul(distance, tf.sqrt(distance)));
        return tf.add(reconstruction, tf.mul(0.1, klDivergence(posterior)));
      }, model.parameters);
      expectClose(await value.data(), await reference.readFloat32("loss"), "loss");
      const listed = listParameters(model.config);
      const compared = [...reference.tensors.keys()].filter((key) => key.startsWith("gradient."));
      expect(compared.length).toBeGreaterThan(5);
      for (const key of compared) {
        const parameter = key.slice("gradient.".length);
        const layout = listed.get(parameter);
        const wanted = layout && fromTorchLayout(layout, await reference.readFloat32(key));
        expectClose(await (gradients[parameter] as tf.Tensor).data(), wanted ?? [], parameter);
      }
      tf.dispose([pictures, target, value, ...Object.values(gradients)]);
    });

    it("encodes and decodes tile by tile like diffusers, and leaves no tensor behind", async () => {
      const before = tf.memory().numTensors;
      const pictures = {
        data: await reference.readBytes("tiled.pictures"),
        shape: shapeOf("tiled.pictures"),
      };
      const { mean, sigma } = await encodeTiled(model, pictures);
      const moments = await reference.readFloat32("tiled.moments");
      const channels = model.config.latentChannels;
      const half = (offset: number) =>
        moments.filter((_, index) => index % (2 * channels) < channels === !offset);
      expectClose(mean.data, half(0), "mean");
      const wantedSigma = half(1).map((logvar) => Math.exp(Math.min(Math.max(logvar, -30), 20) / 2));
      expectClose(sigma.data, wantedSigma, "sigma");
      const decoded = await decodeTiledToFloats(model, mean);
      expect(decoded.shape).toEqual(shapeOf("tiled.decoded"));
      expectClose(decoded.data, await reference.readFloat32("tiled.decoded"), "decoded");
      expect(tf.memory().numTensors).toBe(before);
    });
  });
});
