import path from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { adaptiveWeight, createFeatureGan, createPatchGan, createR3Gan } from "../../src/adversary/index.js";
import { runtime } from "../../src/engine/torch/runtime.js";
import * as lab from "../../src/index.js";
import {
  charbonnier,
  createOutputVariance,
  createRandomFeatures,
  loadVgg16,
  perceptualDistance,
  squaredError,
} from "../../src/losses/index.js";
import { useEngine } from "../engines.js";
import { normal } from "../gradient-check.js";

const shape: [number, number, number, number] = [2, 32, 32, 3];
const fixture = (name: string) => path.join(import.meta.dirname, "fixtures", `${name}.safetensors`);

/** On a GPU a compiled step is recorded and replayed, and nothing can be brought over while it is. */
describe("inside a compiled step", () => {
  beforeAll(() => useEngine("torch"));

  /** Computes the loss and its gradients three times, as a recording does, and counts what is brought over. */
  function expectNoUpload(parameters: lab.Parameters, loss: () => tf.Scalar): void {
    const step = lab.engine.compile(() => {
      const { value, gradients } = lab.engine.valueAndGradients(loss, parameters);
      return { value, ...gradients } as tf.NamedTensorMap;
    });
    expect(step({}).value?.dataSync()[0]).toSatisfy(Number.isFinite);
    step({});
    const upload = vi.spyOn(runtime.addon, "upload");
    step({});
    const uploads = upload.mock.calls.length;
    upload.mockRestore();
    step.dispose();
    expect(uploads).toBe(0);
  }

  it("the spy sees an upload", () => {
    const upload = vi.spyOn(runtime.addon, "upload");
    tf.tensor1d([1, 2]);
    expect(upload).toHaveBeenCalledTimes(1);
    upload.mockRestore();
  });

  const stages: Record<string, lab.Bottleneck[]> = {
    kl: [lab.kl({ weight: 0.1 })],
    "kl, mean": [lab.kl({ weight: 0.1, reduction: "mean" })],
    scaledTanh: [lab.scaledTanh()],
    clamp: [lab.clamp()],
    rmsNorm: [lab.rmsNorm()],
    fixedSigma: [lab.fixedSigma({ sigma: 0.3, random: true })],
    noise: [lab.noise({ gaussian: 0.3, random: true })],
    interpolate: [lab.interpolate()],
    dropPositions: [lab.dropPositions({ share: 0.3, random: true })],
    jitter: [lab.jitter({ share: 0.4 })],
    varianceLoss: [lab.varianceLoss({ weight: 1 })],
    "varianceLoss, hinge": [lab.varianceLoss({ weight: 1, kind: "hinge" })],
    varianceExpansion: [lab.kl({ weight: 0 }), lab.varianceExpansion({ weight: 1 })],
  };
  it.each(Object.entries(stages))("nothing is brought over by the bottleneck %s", (_, bottleneck) => {
    const model = lab.createAutoencoder({ widths: [4, 4, 4], bottleneck });
    const noise = lab.createNoise(1);
    const pictures = normal(shape, 1) as tf.Tensor4D;
    expectNoUpload(model.parameters, () => lab.autoencoderObjective(model, pictures, { noise }).loss);
    model.dispose();
    noise.dispose();
  });

  it("nothing is brought over by distortions, features and a learned variance", async () => {
    const [pictures, made] = [normal(shape, 1), normal(shape, 2)] as [tf.Tensor4D, tf.Tensor4D];
    const random = createRandomFeatures({ widths: [4, 8] });
    const vgg = await loadVgg16({ vgg: fixture("vgg16"), lpips: fixture("lpips-linear") });
    const variance = createOutputVariance();
    const x = tf.variable(made);
    for (const distortion of [charbonnier(), perceptualDistance(random), perceptualDistance(vgg)])
      expectNoUpload({ x }, () => distortion(pictures, x as tf.Tensor as tf.Tensor4D));
    expectNoUpload(variance.parameters, () =>
      variance.negativeLogLikelihood(squaredError(pictures, made), 3072),
    );
    for (const { dispose } of [random, vgg, variance]) dispose();
  });

  it("nothing is brought over by adversaries and the adaptive weight", () => {
    const [pictures, made] = [normal(shape, 1), normal(shape, 2)] as [tf.Tensor4D, tf.Tensor4D];
    const random = createRandomFeatures({ widths: [4, 8] });
    const model = lab.createAutoencoder({ widths: [4, 4, 4], bottleneck: [] });
    const noise = lab.createNoise(1);
    const lastLayer = model.parameters["decoder.conv_out.weight"] as tf.Variable;
    const adversaries = [
      createPatchGan({ width: 4, layers: 2 }),
      createPatchGan({ width: 4, layers: 2, norm: "none", loss: "logistic" }),
      createR3Gan({ imageSize: 32, widths: [4, 8] }),
      createFeatureGan(random, { width: 4 }),
    ];
    for (const adversary of adversaries) {
      expectNoUpload(adversary.parameters, () => adversary.discriminatorLoss(pictures, made).loss);
      expectNoUpload(model.parameters, () => {
        const { loss, reconstruction, reconstructions } = lab.autoencoderObjective(model, pictures, {
          noise,
        });
        const fooled = adversary.generatorLoss(pictures, reconstructions);
        return tf.add(loss, tf.mul(fooled, adaptiveWeight(reconstruction, fooled, lastLayer))) as tf.Scalar;
      });
    }
    for (const { dispose } of [...adversaries, random, model, noise]) dispose();
  });

  it("nothing is brought over by Stable Diffusion's autoencoder and its scales, by channel or one for all", () => {
    const model = lab.createAutoencoderKL({ blockOutChannels: [4, 8], normNumGroups: 2 });
    const pictures = normal(shape, 1) as tf.Tensor4D;
    const [latentsMean, latentsStd] = [
      [1, 2, 3, 4],
      [5, 6, 7, 8],
    ];
    for (const config of [model.config, { ...model.config, latentsMean, latentsStd }]) {
      expectNoUpload(model.parameters, () => {
        const scaled = lab.scaleLatents(config, model.encode(pictures).mean);
        return tf.sum(model.decode(lab.unscaleLatents(config, scaled)));
      });
    }
    model.dispose();
  });
});
