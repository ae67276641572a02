import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { type AutoencoderOptions, createAutoencoder, kl } from "../../src/autoencoder/index.js";
import { ConfigError, engine } from "../../src/index.js";
import { batchNorm } from "../../src/nn/batch-norm.js";
import type { Parameters } from "../../src/nn/parameters.js";
import { rmsNorm } from "../../src/nn/rms-norm.js";
import {
  averagingShortcut,
  channelToSpace,
  duplicatingShortcut,
  spaceToChannel,
} from "../../src/nn/space-to-channel.js";
import { describeOnEveryEngine } from "../engines.js";
import { expectGradientsToMatch, normal } from "../gradient-check.js";

const architectures: [string, AutoencoderOptions][] = [
  ["f1", { downsampling: 1, widths: [8] }],
  ["f2 with two blocks a level", { downsampling: 2, widths: [4, 8], blocksPerLevel: 2 }],
  [
    "f8 with attention",
    { downsampling: 8, widths: [4, 4, 8, 8], attentionSizes: [4, 2], middle: "attention" },
  ],
  ["per-position norm", { downsampling: 4, widths: [4, 8, 8], norm: "rms", middle: "attention" }],
  ["no norm", { downsampling: 4, widths: [4, 8, 8], norm: "none", middle: "blocks" }],
  [
    "f16 with shortcuts",
    { downsampling: 16, widths: [4, 8, 8, 16, 16], shortcuts: "spaceToChannel", norm: "rms" },
  ],
  [
    "f32 with shortcuts",
    {
      ...{ imageSize: 32, downsampling: 32, widths: [4, 4, 8, 8, 16, 16], middle: "blocks" },
      ...{ shortcuts: "spaceToChannel", norm: "rms" },
    },
  ],
  ["a wider decoder", { downsampling: 4, widths: [4, 8, 8], decoderWidths: [8, 8, 16] }],
];

const norm = (tensor: tf.Tensor) => tf.norm(tensor).dataSync()[0] as number;

describeOnEveryEngine("an autoencoder's architecture", () => {
  it.each(architectures)("%s has the promised shapes, and every parameter a gradient", (_, options) => {
    const model = createAutoencoder({ imageSize: 16, latentChannels: 3, seed: 1, ...options });
    const { imageSize } = model;
    const side = imageSize / model.downsampling;
    const pictures = normal([2, imageSize, imageSize, 3], 1, 0.5) as tf.Tensor4D;
    const { value, gradients } = engine.valueAndGradients(() => {
      const { mean, logvar } = model.encode(pictures);
      expect(mean.shape).toEqual([2, side, side, 3]);
      const decoded = model.decode(mean);
      expect(decoded.shape).toEqual(pictures.shape);
      return tf.add(tf.sum(tf.square(tf.sub(decoded, pictures))), tf.sum(tf.square(logvar))) as tf.Scalar;
    }, model.parameters);
    expect(Object.keys(gradients).sort()).toEqual(Object.keys(model.parameters).sort());
    // A bias before a normalisation or a softmax does nothing; nearly everything else does.
    const dead = Object.entries(gradients).filter(([, gradient]) => norm(gradient) === 0);
    expect(dead.map(([name]) => name).filter((name) => !name.endsWith("bias"))).toEqual([]);
    tf.dispose([value, gradients, pictures]);
    model.dispose();
  });

  it("the default one has the numbers that it had before there were others", () => {
    const cases: [AutoencoderOptions, number[]][] = [
      [{ seed: 1 }, [80, 811.50116, 4.48087, 5.28959, 20.74322]],
      [
        { seed: 3, downsampling: 8, widths: [8, 8, 16, 16], latentChannels: 2, imageSize: 16 },
        [96, 327.32654, 1.24737, 1.13655, 10.41972],
      ],
    ];
    for (const [options, [count, squares, ...norms]] of cases) {
      const model = createAutoencoder(options);
      tf.tidy(() => {
        const size = model.imageSize;
        const { mean, logvar } = model.encode(normal([1, size, size, 3], 1, 0.5) as tf.Tensor4D);
        const actual = [mean, logvar, model.decode(mean)].map(norm);
        for (const [index, value] of actual.entries()) expect(value).toBeCloseTo(norms[index] as number, 3);
        const all = Object.values(model.parameters);
        expect(all).toHaveLength(count as number);
        expect(all.reduce((sum, parameter) => sum + norm(parameter) ** 2, 0)).toBeCloseTo(
          squares as number,
          1,
        );
      });
      model.dispose();
    }
  });

  it("with norm by position and no attention, a far position has no influence", () => {
    for (const [normalisation, reaches] of [
      ["rms", false],
      ["none", false],
      ["group", true],
    ] as const) {
      const model = createAutoencoder({
        imageSize: 32,
        downsampling: 2,
        widths: [4, 4],
        latentChannels: 2,
        norm: normalisation,
      });
      tf.tidy(() => {
        const latents = normal([1, 16, 16, 2], 1) as tf.Tensor4D;
        const poke = tf.pad(tf.fill([1, 1, 1, 2], 20), [
          [0, 0],
          [0, 15],
          [0, 15],
          [0, 0],
        ]) as tf.Tensor4D;
        const change = tf.abs(tf.sub(model.decode(tf.add(latents, poke)), model.decode(latents)));
        const far = tf.max(tf.slice(change, [0, 24, 24, 0], [1, 8, 8, 3])).dataSync()[0] as number;
        if (reaches) expect(far).toBeGreaterThan(1e-3);
        else expect(far).toBe(0);
      });
      model.dispose();
    }
  });

  it("shortcuts carry pictures past the convolutions that change the resolution", () => {
    const reaches = (shortcuts: "none" | "spaceToChannel") => {
      const model = createAutoencoder({
        ...{ imageSize: 16, downsampling: 16, widths: [4, 8, 16, 16, 16], shortcuts, norm: "rms", seed: 1 },
      });
      const change = tf.tidy(() => {
        for (const [name, parameter] of Object.entries(model.parameters))
          if (name.includes("samplers")) parameter.assign(tf.zerosLike(parameter));
        const encode = (seed: number) => model.encode(normal([1, 16, 16, 3], seed) as tf.Tensor4D).mean;
        const decode = (seed: number) => model.decode(normal([1, 1, 1, 4], seed) as tf.Tensor4D);
        return [encode, decode].map((run) => norm(tf.sub(run(1), run(2))));
      });
      model.dispose();
      return change;
    };
    expect(reaches("none")).toEqual([0, 0]);
    for (const change of reaches("spaceToChannel")) expect(change).toBeGreaterThan(0.01);
  });
});

describeOnEveryEngine("layers of autoencoders", () => {
  it("spaceToChannel orders channels as PyTorch's pixel_unshuffle, and channelToSpace is the way back", () => {
    // torch.nn.functional.pixel_unshuffle(torch.arange(16.).reshape(1, 1, 4, 4), 2)[0, :, 0, 0] is 0, 1, 4, 5.
    const one = spaceToChannel(tf.reshape(tf.range(0, 16), [1, 4, 4, 1]), 2);
    expect(Array.from(one.dataSync()).slice(0, 4)).toEqual([0, 1, 4, 5]);
    const x = normal([2, 4, 6, 3], 1) as tf.Tensor4D;
    const deep = spaceToChannel(x, 2);
    expect(deep.shape).toEqual([2, 2, 3, 12]);
    expect(channelToSpace(deep, 2).dataSync()).toEqual(x.dataSync());
  });

  it("the shortcuts average and repeat neighbouring channels", () => {
    const x = normal([1, 2, 2, 4], 1) as tf.Tensor4D;
    const deep = Array.from(spaceToChannel(x, 2).dataSync());
    const averaged = averagingShortcut(x, 8);
    expect(averaged.shape).toEqual([1, 1, 1, 8]);
    for (const [channel, value] of averaged.dataSync().entries())
      expect(value).toBeCloseTo(((deep[2 * channel] as number) + (deep[2 * channel + 1] as number)) / 2, 5);
    const small = tf.tensor4d([1, 2], [1, 1, 1, 2]);
    // Channels 1 1 2 2 become the four pixels of one channel.
    expect(Array.from(duplicatingShortcut(small, 1).dataSync())).toEqual([1, 1, 2, 2]);
    // As many channels as before: nearest neighbour.
    expect(Array.from(duplicatingShortcut(small, 2).dataSync())).toEqual([1, 2, 1, 2, 1, 2, 1, 2]);
    expectGradientsToMatch((input) => averagingShortcut(input as tf.Tensor4D, 4), [normal([2, 4, 4, 2], 1)]);
    expectGradientsToMatch(
      (input) => duplicatingShortcut(input as tf.Tensor4D, 2),
      [normal([2, 2, 2, 4], 1)],
    );
  });

  it("rmsNorm and batchNorm have the gradients of their differences", () => {
    const named = (weight: unknown, bias?: unknown) => ({ "n.weight": weight, "n.bias": bias }) as Parameters;
    expectGradientsToMatch(
      (x, weight) => rmsNorm(named(weight), "n", x as tf.Tensor4D),
      [normal([2, 3, 3, 4], 11), normal([4], 12)],
    );
    expectGradientsToMatch(
      (x, weight, bias) => batchNorm(named(weight, bias), "n", x as tf.Tensor4D),
      [normal([2, 3, 3, 4], 11), normal([4], 12), normal([4], 13)],
    );
  });
});

it("refuses architectures that cannot be built, and says why", () => {
  const refuse = (options: AutoencoderOptions, message: RegExp) => {
    expect(() => createAutoencoder(options)).toThrow(ConfigError);
    expect(() => createAutoencoder(options)).toThrow(message);
  };
  refuse({ norm: "layer" as never }, /norm has to be one of "group", "rms", "none"/);
  refuse({ middle: "yes" as never }, /middle/);
  refuse({ shortcuts: "residual" as never }, /shortcuts/);
  refuse({ attentionSizes: [5] }, /32, 16, 8/);
  refuse({ blocksPerLevel: 0 }, /blocksPerLevel/);
  refuse({ decoderWidths: [8] }, /decoderWidths needs 3/);
  refuse({ shortcuts: "spaceToChannel", widths: [4, 32, 32] }, /four times/);
  refuse({ bottleneck: [kl({ weight: 1 }), {} as never] }, /bottleneck\[1\]/);
});
