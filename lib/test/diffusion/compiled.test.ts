import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it, vi } from "vitest";
import {
  adversarialDiscriminatorLoss,
  adversarialStudentLoss,
  consistencyLoss,
  consistencyTargets,
  consistencyTimes,
  createDiffusionDecoder,
  createTransformer,
  createUnet,
  dropLabels,
  edmLoss,
  epsilonLoss,
  flowLoss,
  logitNormalTimes,
  logNormalSigmas,
  shiftTimes,
  uniformTimes,
  velocityLoss,
} from "../../src/diffusion/index.js";
import { runtime } from "../../src/engine/torch/runtime.js";
import { createNoise, engine } from "../../src/index.js";
import { useEngine } from "../engines.js";
import { normal } from "../gradient-check.js";

/** On a GPU a compiled step is recorded and replayed; what was uploaded in it would be the recorded call's for ever. */
describe("inside a compiled step", () => {
  beforeAll(() => useEngine("torch"));

  it("nothing is uploaded by times, labels, networks, losses and sampling", () => {
    const shape = [4, 4, 4, 2] as [number, number, number, number];
    const transformer = createTransformer({
      shape: [4, 4, 2],
      width: 8,
      heads: 2,
      classes: [3],
      qkNorm: true,
    });
    const unet = createUnet({ inChannels: 2, widths: [4, 8], attention: [false, true], classes: [3] });
    const decoderConfig = { imageChannels: 2, latentChannels: 1, downsampling: 2 };
    const decoder = createDiffusionDecoder({ ...decoderConfig, unet: { widths: [4, 4] } });
    const noise = createNoise(1);
    const inputs = {
      clean: normal(shape, 1) as tf.Tensor4D,
      latents: normal([4, 2, 2, 1], 2) as tf.Tensor4D,
      labels: tf.tensor2d([0, 1, 2, -1], [4, 1], "int32"),
    };
    const step = engine.compile(({ clean, latents, labels }: typeof inputs) => {
      const uniform = noise.uniform<tf.Rank.R1>([4]);
      const drawn = { clean, noise: noise.normal<tf.Rank.R4>(shape) };
      const given = dropLabels(labels, tf.reshape(uniform, [4, 1]), 0.1);
      const normals = noise.normal<tf.Rank.R1>([4]);
      const pairs = { ...drawn, ...consistencyTimes(uniform, 8, { shift: 2 }) };
      const { denoiser, network } = decoder;
      const targets = consistencyTargets(denoiser, denoiser, pairs, latents);
      const judge = (pictures: tf.Tensor4D) => tf.mean(pictures, [1, 2, 3]);
      const all = [
        flowLoss(transformer.network, { ...drawn, times: shiftTimes(logitNormalTimes(normals), 2) }, given),
        edmLoss(unet.network, { ...drawn, times: logNormalSigmas(normals) }, given),
        epsilonLoss(unet.network, { ...drawn, times: uniformTimes(uniform) }, given),
        velocityLoss(transformer.network, { ...drawn, times: uniformTimes(uniform) }, given),
        flowLoss(network, { ...drawn, times: uniform }, latents),
        consistencyLoss(denoiser, pairs, targets, latents),
        adversarialStudentLoss(denoiser, judge, pairs, targets, latents).loss,
        adversarialDiscriminatorLoss(judge, clean, targets, latents),
        tf.mean(decoder.decode(latents, drawn.noise, [1, 0.5, 0])),
      ];
      return { losses: tf.stack(all) };
    });
    const first = step(inputs).losses.dataSync();
    expect(first.every(Number.isFinite)).toBe(true);
    const upload = vi.spyOn(runtime.addon, "upload");
    step(inputs);
    expect(upload).not.toHaveBeenCalled();
    tf.tensor1d([1, 2]);
    expect(upload).toHaveBeenCalledTimes(1);
    upload.mockRestore();
    step.dispose();
    noise.dispose();
    for (const model of [transformer, unet, decoder]) model.dispose();
  });
});
